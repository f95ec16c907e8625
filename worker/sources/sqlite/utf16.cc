#include "worker/sources/sqlite/utf16.h"

#include <cstddef>

namespace tributary::sqlite {
namespace {

constexpr char32_t kReplacement = 0xfffd;

bool IsHighSurrogate(char32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool IsLowSurrogate(char32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

void Append(char32_t point, std::string& utf8) {
  if (point < 0x80) {
    utf8.push_back(static_cast<char>(point));
    return;
  }
  const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  constexpr unsigned kLeads[] = {0, 0xc0, 0xe0, 0xf0};
  utf8.push_back(static_cast<char>(kLeads[more] | point >> (6 * more)));
  for (int at = more - 1; at >= 0; --at) {
    utf8.push_back(static_cast<char>(0x80 | (point >> (6 * at) & 0x3f)));
  }
}

}  // namespace

TextEncoding EncodingNamed(std::string_view name) {
  if (name == "UTF-16le") return TextEncoding::kUtf16LittleEndian;
  return name == "UTF-16be" ? TextEncoding::kUtf16BigEndian : TextEncoding::kUtf8;
}

bool Utf16ToUtf8(std::string_view bytes, bool big_endian, std::string& utf8) {
  utf8.clear();
  const auto unit = [bytes, big_endian](std::size_t at) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    return static_cast<char32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  bool sound = true;
  std::size_t at = 0;
  for (; at + 2 <= bytes.size(); at += 2) {
    char32_t point = unit(at);
    if (IsHighSurrogate(point) && at + 4 <= bytes.size() && IsLowSurrogate(unit(at + 2))) {
      point = 0x10000 + ((point - 0xd800) << 10) + (unit(at + 2) - 0xdc00);
      at += 2;
    } else if (IsHighSurrogate(point) || IsLowSurrogate(point)) {
      point = kReplacement;
      sound = false;
    }
    Append(point, utf8);
  }
  if (at == bytes.size()) return sound;
  Append(kReplacement, utf8);
  return false;
}

}  // namespace tributary::sqlite
