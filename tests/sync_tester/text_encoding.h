// Text as a source's database stores it, and as Unicode. Pure.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_TEXT_ENCODING_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_TEXT_ENCODING_H_

#include <string>
#include <string_view>

namespace tributary::tester {

enum class TextEncoding { kUtf8, kUtf16LittleEndian, kUtf16BigEndian };

// Its name in PRAGMA encoding.
TextEncoding EncodingNamed(std::string_view name);

struct DecodedText {
  // The stored bytes.
  std::string_view stored;
  bool is_unicode = true;
  // True: the text is `decoded`, not the stored bytes.
  bool differs = false;
  std::string decoded;

  // Valid UTF-8, with U+FFFD for each part that is not valid Unicode.
  std::string_view utf8() const { return differs ? std::string_view(decoded) : stored; }
};

// The result points into `stored`.
DecodedText Decoded(std::string_view stored, TextEncoding encoding);

// Replaces each maximal part that is not UTF-8 by one U+FFFD.
std::string WithValidUtf8(std::string_view text);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_TEXT_ENCODING_H_
