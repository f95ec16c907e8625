#include "common/text.h"

#include "absl/strings/ascii.h"

namespace tributary {
namespace {

// A character of UTF-8 has at most four bytes, of which the first continues nothing.
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
  // What was cut before it ended is quoted to its end.
  const std::size_t end = last > first ? last : text.size();
  text.replace(first + 1, end - first - 1, kMissing);
}

}  // namespace

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
