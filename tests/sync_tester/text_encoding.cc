#include "tests/sync_tester/text_encoding.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace tributary::tester {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

// The size of the UTF-8 sequence at the beginning of `text`, if it is complete; otherwise the size
// of the longest beginning that could have been one, as Unicode's chapter 3 recommends for
// replacement.
struct Utf8Start {
  std::size_t bytes;
  bool whole;
};

Utf8Start FirstSequence(std::string_view text) {
  const auto at = [text](std::size_t i) { return static_cast<unsigned>(text[i]) & 0xffu; };
  const unsigned first = at(0);
  if (first <= 0x7f) return {1, true};
  unsigned low = 0x80;
  unsigned high = 0xbf;
  std::size_t want = 0;
  if (first >= 0xc2 && first <= 0xdf) {
    want = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    want = 3;
    if (first == 0xe0) low = 0xa0;   // shorter forms exist
    if (first == 0xed) high = 0x9f;  // surrogates
  } else if (first >= 0xf0 && first <= 0xf4) {
    want = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;  // past U+10FFFF
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < want; ++i) {
    if (i >= text.size() || at(i) < low || at(i) > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {want, true};
}

// One code point in UTF-8.
std::string Encoded(unsigned point) {
  const auto tail = [point](int shift) {
    return static_cast<char>(0x80 | (point >> shift & 0x3f));
  };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | point >> 18), tail(12), tail(6), tail(0)};
}

DecodedText FromUtf16(std::string_view stored, bool big_endian) {
  // The first six bits of each half of a surrogate pair.
  constexpr unsigned kHighHalf = 0x36;
  constexpr unsigned kLowHalf = 0x37;
  DecodedText text{.stored = stored, .is_unicode = true, .differs = true, .decoded = {}};
  std::optional<unsigned> high;
  const auto replace = [&text] {
    text.decoded += kReplacement;
    text.is_unicode = false;
  };
  for (std::size_t at = 0; at + 1 < stored.size(); at += 2) {
    const unsigned low_byte = static_cast<unsigned char>(stored[at + (big_endian ? 1 : 0)]);
    const unsigned high_byte = static_cast<unsigned char>(stored[at + (big_endian ? 0 : 1)]);
    const unsigned unit = high_byte << 8 | low_byte;
    if (unit >> 10 == kLowHalf && high) {
      text.decoded += Encoded(0x10000 + ((*high & 0x3ff) << 10 | (unit & 0x3ff)));
      high.reset();
      continue;
    }
    if (high) replace();
    high.reset();
    if (unit >> 10 == kHighHalf) {
      high = unit;
    } else if (unit >> 10 == kLowHalf) {
      replace();
    } else {
      text.decoded += Encoded(unit);
    }
  }
  if (high) replace();
  if (stored.size() % 2 != 0) replace();
  return text;
}

}  // namespace

TextEncoding EncodingNamed(std::string_view name) {
  if (name == "UTF-16le") return TextEncoding::kUtf16LittleEndian;
  return name == "UTF-16be" ? TextEncoding::kUtf16BigEndian : TextEncoding::kUtf8;
}

DecodedText Decoded(std::string_view stored, TextEncoding encoding) {
  if (encoding != TextEncoding::kUtf8) {
    return FromUtf16(stored, encoding == TextEncoding::kUtf16BigEndian);
  }
  DecodedText text{.stored = stored, .is_unicode = true, .differs = false, .decoded = {}};
  if (IsAscii(stored)) return text;
  text.decoded = WithValidUtf8(stored);
  text.is_unicode = text.decoded == stored;
  text.differs = !text.is_unicode;
  return text;
}

std::string WithValidUtf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const Utf8Start start = FirstSequence(text);
    valid += start.whole ? std::string(text.substr(0, start.bytes)) : "\xef\xbf\xbd";
    text.remove_prefix(start.bytes);
  }
  return valid;
}

}  // namespace tributary::tester
