// Makes texts valid for protobuf strings, cuts them between characters, and removes what they
// quote. Pure functions.
#ifndef TRIBUTARY_COMMON_TEXT_H_
#define TRIBUTARY_COMMON_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace tributary {

bool IsUtf8(std::string_view text);
// Each maximal part that is not UTF-8 becomes one U+FFFD.
void RepairUtf8(std::string_view text, std::string& repaired);

// The longest prefix of `text` of at most `bytes` bytes that ends between two UTF-8 characters. If
// the text is not UTF-8, it may end anywhere.
std::string_view Prefix(std::string_view text, std::size_t bytes);

// The same, with "…" at its end if something was cut off.
std::string Shortened(std::string_view text, std::size_t bytes);

// Replaces everything in quotation marks, single or double, with "…". A database's error text may
// quote a row's value, as in `bad JSON path: 'x'`; the user may see it, a log may not. A value can
// itself hold quotation marks, so everything from the first to the last mark of a kind is replaced.
// An apostrophe after a letter does not open a quotation.
std::string WithoutQuoted(std::string_view text);

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_TEXT_H_
