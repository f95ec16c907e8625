#include "tests/sync_tester/expected_key.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tributary::tester {

namespace {

bool IsNumberAsSent(const std::string& text) {
  std::int64_t integer = 0;
  if (absl::SimpleAtoi(text, &integer) && std::to_string(integer) == text) return true;
  if (text == "Infinity" || text == "-Infinity") return true;
  double real = 0;
  return absl::SimpleAtod(text, &real) && std::isfinite(real) && ShortestText(real) == text;
}

bool LooksLikeLiteral(const std::string& text) {
  if (text.size() > 1 && text.front() == '\'' && text.back() == '\'') return true;
  if (absl::StartsWith(text, "CAST(")) {
    return absl::EndsWith(text, " AS TEXT)") || absl::EndsWith(text, " AS INTEGER)") ||
           absl::EndsWith(text, " AS REAL)");
  }
  if (text.size() < 3 || text.size() % 2 == 0 || !absl::StartsWith(text, "x'")) return false;
  return text.find_first_not_of("0123456789ABCDEF", 2) == text.size() - 1 && text.back() == '\'';
}

}  // namespace

bool MakesTextOfNumbers(std::string_view declared) {
  const std::string lower = absl::AsciiStrToLower({declared.data(), declared.size()});
  const auto has = [&lower](const char* part) { return absl::StrContains(lower, part); };
  return !has("int") && (has("char") || has("clob") || has("text"));
}

std::string BlobLiteral(std::string_view bytes) {
  const std::string hex = absl::BytesToHexString(std::string(bytes));
  return absl::StrCat("x'", absl::AsciiStrToUpper(hex), "'");
}

std::string ShortestText(double value) {
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 400> room;
  const auto end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
  std::string text(room.data(), end);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string ExpectedKeyText(const DecodedText& text, bool makes_text) {
  if (!text.is_unicode) return absl::StrCat("CAST(", BlobLiteral(text.stored), " AS TEXT)");
  const std::string plain(text.utf8());
  if (!LooksLikeLiteral(plain) && (makes_text || !IsNumberAsSent(plain))) return plain;
  return absl::StrCat("'", absl::StrReplaceAll(plain, {{"'", "''"}}), "'");
}

std::string ExpectedKeyNumber(sqlite3_stmt* row, int column, bool makes_text) {
  const bool integer = sqlite3_column_type(row, column) == SQLITE_INTEGER;
  const std::string digits = integer ? std::to_string(sqlite3_column_int64(row, column))
                                     : ShortestText(sqlite3_column_double(row, column));
  if (!makes_text) return digits;
  return absl::StrCat("CAST('", digits, integer ? "' AS INTEGER)" : "' AS REAL)");
}

}  // namespace tributary::tester
