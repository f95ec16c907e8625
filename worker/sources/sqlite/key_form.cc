#include "worker/sources/sqlite/key_form.h"

#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "worker/sources/sqlite/conversion.h"

namespace tributary::sqlite {
namespace {

using fivetran_sdk::v2::DataType;

constexpr std::string_view kCast = "CAST(";
constexpr std::string_view kAsText = " AS TEXT)";
constexpr std::string_view kAsInteger = " AS INTEGER)";
constexpr std::string_view kAsReal = " AS REAL)";

bool IsBlobLiteral(std::string_view text) {
  if (text.size() < 3 || !text.starts_with("x'") || !text.ends_with('\'')) return false;
  text.remove_prefix(2);
  text.remove_suffix(1);
  return text.size() % 2 == 0 && std::all_of(text.begin(), text.end(), [](char c) {
           return ('0' <= c && c <= '9') || ('A' <= c && c <= 'F');
         });
}

bool IsNumberLiteral(std::string_view text) {
  const char* const end = text.data() + text.size();
  NumberText room;
  std::int64_t integer = 0;
  if (const auto read = std::from_chars(text.data(), end, integer);
      read.ec == std::errc() && read.ptr == end) {
    return IntegerText(integer, room) == text;
  }
  if (text == "Infinity" || text == "-Infinity") return true;
  double real = 0;
  const auto read = std::from_chars(text.data(), end, real);
  return read.ec == std::errc() && read.ptr == end && !std::isnan(real) &&
         RealText(real, room) == text;
}

}  // namespace

bool FitsInKey(DataType type, int stored) {
  switch (type) {
    case DataType::LONG:
    case DataType::BINARY:
    case DataType::STRING:
      return true;
    case DataType::BOOLEAN:
      return stored == SQLITE_INTEGER;
    case DataType::DOUBLE:
    case DataType::DECIMAL:
      // Different reals have different digits, even above 2^53.
      return stored == SQLITE_INTEGER || stored == SQLITE_FLOAT;
    case DataType::NAIVE_DATE:
    case DataType::NAIVE_DATETIME:
    case DataType::UTC_DATETIME:
      return stored == SQLITE_TEXT;
    default:
      return false;
  }
}

bool HasTextAffinity(std::string_view declared) {
  const std::string upper = absl::AsciiStrToUpper({declared.data(), declared.size()});
  if (absl::StrContains(upper, "INT")) return false;
  return absl::StrContains(upper, "CHAR") || absl::StrContains(upper, "CLOB") ||
         absl::StrContains(upper, "TEXT");
}

bool ReadsLikeLiteral(std::string_view text, bool text_affinity) {
  if (text.empty()) return false;
  // Nearly every text returns here.
  switch (text.front()) {
    case '\'':
      return text.size() > 1 && text.ends_with('\'');
    case 'x':
      return IsBlobLiteral(text);
    case 'C':
      return text.starts_with(kCast) &&
             (text.ends_with(kAsText) || text.ends_with(kAsInteger) || text.ends_with(kAsReal));
    default:
      return !text_affinity && IsNumberLiteral(text);
  }
}

void QuotedLiteral(std::string_view text, std::string& literal) {
  literal.assign("'");
  for (const char c : text) literal.append(c == '\'' ? 2 : 1, c);
  literal.push_back('\'');
}

void BrokenTextLiteral(std::string_view bytes, std::string& literal) {
  BlobText(bytes, literal);
  literal.insert(0, kCast);
  literal.append(kAsText);
}

void IntegerLiteral(std::string_view digits, std::string& literal) {
  QuotedLiteral(digits, literal);
  literal.insert(0, kCast);
  literal.append(kAsInteger);
}

void RealLiteral(std::string_view digits, std::string& literal) {
  QuotedLiteral(digits, literal);
  literal.insert(0, kCast);
  literal.append(kAsReal);
}

}  // namespace tributary::sqlite
