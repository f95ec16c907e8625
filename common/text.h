// Texts: what may stand in a protobuf string, and what people read, cut without tearing a
// character and without what it quotes. Pure functions.
#ifndef TRIBUTARY_COMMON_TEXT_H_
#define TRIBUTARY_COMMON_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace tributary {

bool IsUtf8(std::string_view text);
// Each maximal part that is not UTF-8 becomes one U+FFFD.
void RepairUtf8(std::string_view text, std::string& repaired);

// The longest beginning of `text` of at most `bytes` bytes that ends between two
// characters of UTF-8. Where the text is not UTF-8, it may end anywhere.
std::string_view Prefix(std::string_view text, std::size_t bytes);

// The same, with "…" behind it where something is missing.
std::string Shortened(std::string_view text, std::size_t bytes);

// With "…" in place of what is in quotation marks, single or double. A database's
// own words quote a row's value there, as in `bad JSON path: 'x'`; the user may see it,
// and a log may not. A value can hold quotation marks itself, so all from the first to the
// last of a kind goes. An apostrophe behind a letter opens nothing.
std::string WithoutQuoted(std::string_view text);

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_TEXT_H_
