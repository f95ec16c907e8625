#include "common/text.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/ascii.h"

namespace tributary {
namespace {

// Bytes of the sequence at the start of `text`, whether it is whole and valid; for
// an invalid one, its maximal subpart (Unicode, table 3-8).
struct Sequence {
  std::size_t bytes;
  bool valid;
};

Sequence NextSequence(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xc2 || lead > 0xf4) return {1, false};
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  for (std::size_t at = 1; at < length; ++at) {
    if (at == text.size() || byte(at) < low || byte(at) > high) return {at, false};
    low = 0x80;
    high = 0xbf;
  }
  return {length, true};
}

std::uint64_t EightBytes(const char* at) {
  std::uint64_t bytes;
  std::memcpy(&bytes, at, sizeof(bytes));
  return bytes;
}

// Bytes at the start of `text` that are ASCII, eight at a time. The last eight may overlap the
// previous eight, so that no shorter rest is left.
std::size_t AsciiPrefix(std::string_view text) {
  constexpr std::size_t kStep = sizeof(std::uint64_t);
  constexpr std::uint64_t kNotAscii = 0x8080808080808080u;
  std::size_t at = 0;
  for (; at + kStep <= text.size(); at += kStep) {
    if ((EightBytes(text.data() + at) & kNotAscii) != 0) break;
  }
  if (at > 0 && at + kStep > text.size() &&
      (EightBytes(text.data() + text.size() - kStep) & kNotAscii) == 0) {
    return text.size();
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

// A UTF-8 character has at most four bytes; the first is not a continuation byte.
constexpr int kMaxContinuing = 3;
constexpr char kMissing[] = "…";

bool Continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Replaces what is between the first and the last `mark`.
void CutOut(char mark, std::string& text) {
  std::size_t first = text.find(mark);
  while (first != std::string::npos && first > 0 &&
         absl::ascii_isalnum(static_cast<unsigned char>(text[first - 1]))) {
    first = text.find(mark, first + 1);
  }
  if (first == std::string::npos) return;
  const std::size_t last = text.rfind(mark);
  // If the text was cut inside a quotation, the rest of it counts as quoted.
  const std::size_t end = last > first ? last : text.size();
  text.replace(first + 1, end - first - 1, kMissing);
}

}  // namespace

bool IsUtf8(std::string_view text) {
  for (;;) {
    text.remove_prefix(AsciiPrefix(text));
    if (text.empty()) return true;
    const Sequence sequence = NextSequence(text);
    if (!sequence.valid) return false;
    text.remove_prefix(sequence.bytes);
  }
}

void RepairUtf8(std::string_view text, std::string& repaired) {
  repaired.clear();
  while (!text.empty()) {
    const Sequence sequence = NextSequence(text);
    repaired.append(sequence.valid ? text.substr(0, sequence.bytes) : "\xef\xbf\xbd");
    text.remove_prefix(sequence.bytes);
  }
}

std::string_view Prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  for (int step = 0; step < kMaxContinuing && end > 0 && Continues(text[end]); ++step) --end;
  return text.substr(0, end > 0 && Continues(text[end]) ? bytes : end);
}

std::string Shortened(std::string_view text, std::size_t bytes) {
  std::string cut(Prefix(text, bytes));
  if (cut.size() < text.size()) cut += kMissing;
  return cut;
}

std::string WithoutQuoted(std::string_view text) {
  std::string rest(text);
  CutOut('\'', rest);
  CutOut('"', rest);
  return rest;
}

}  // namespace tributary
