#include "tests/sync_tester/expected_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "tests/sync_tester/expected_key.h"
#include "tests/sync_tester/text_encoding.h"
#include "tests/sync_tester/value_rules.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

// The first byte of a canonical form.
constexpr char kNull = 'n';
constexpr char kInteger = 'i';
constexpr char kReal = 'r';
constexpr char kText = 't';
constexpr char kBlob = 'b';
constexpr char kMisfit = '!';

// Large enough for any double without exponent.
using NumberRoom = std::array<char, 400>;

void AppendLong(std::string& out, std::string_view bytes, char tag) {
  const std::uint64_t size = bytes.size();
  out.push_back(tag);
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  out.append(bytes);
}

template <typename Number>
void AppendNumber(std::string& out, Number number, char tag) {
  out.push_back(tag);
  out.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

std::string_view TextOf(sqlite3_stmt* row, int column) {
  const void* text = sqlite3_column_text(row, column);
  return {static_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

std::string_view BlobOf(sqlite3_stmt* row, int column) {
  const void* blob = sqlite3_column_blob(row, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
  return size == 0 ? std::string_view() : std::string_view(static_cast<const char*>(blob), size);
}

std::string PlainDigits(double value) {
  if (!std::isfinite(value)) return "";
  NumberRoom room;
  const auto end =
      std::to_chars(room.data(), room.data() + room.size(), value, std::chars_format::fixed).ptr;
  return std::string(room.data(), end);
}

// The text, or the form for a misfit if it is empty.
void AppendTextOrMisfit(std::string& out, const std::string& text) {
  text.empty() ? AppendLong(out, "", kMisfit) : AppendLong(out, text, kText);
}

void AppendInteger(std::string& out, std::int64_t value, v2::DataType type) {
  switch (type) {
    case v2::UNSPECIFIED:
    case v2::LONG:
      return AppendNumber(out, value, kInteger);
    case v2::BOOLEAN:
      return value == 0 || value == 1 ? AppendNumber(out, value, kInteger)
                                      : AppendLong(out, "", kMisfit);
    case v2::DOUBLE:
      return AppendNumber(out, static_cast<double>(value), kReal);
    case v2::DECIMAL:
    case v2::JSON:
    case v2::STRING:
      return AppendLong(out, std::to_string(value), kText);
    default:
      return AppendLong(out, "", kMisfit);
  }
}

void AppendReal(std::string& out, double value, v2::DataType type) {
  switch (type) {
    case v2::UNSPECIFIED:
    case v2::DOUBLE:
      return AppendNumber(out, value, kReal);
    case v2::DECIMAL:
      return AppendTextOrMisfit(out, NormalDecimal(PlainDigits(value)));
    case v2::JSON:
      return AppendTextOrMisfit(out, std::isfinite(value) ? ShortestText(value) : "");
    case v2::STRING:
      return AppendLong(out, ShortestText(value), kText);
    default:
      return AppendLong(out, "", kMisfit);
  }
}

void AppendTruth(std::string& out, std::string_view text) {
  const std::string word = absl::AsciiStrToLower(std::string(text));
  const bool is_true = word == "true" || word == "t";
  const bool is_false = word == "false" || word == "f";
  is_true || is_false ? AppendNumber(out, std::int64_t{is_true}, kInteger)
                      : AppendLong(out, "", kMisfit);
}

void AppendText(std::string& out, std::string_view text, v2::DataType type) {
  switch (type) {
    case v2::BOOLEAN:
      return AppendTruth(out, text);
    case v2::UNSPECIFIED:
    case v2::STRING:
    case v2::JSON:
      return AppendLong(out, text, kText);
    case v2::DECIMAL:
      return AppendTextOrMisfit(out, NormalDecimal(text));
    case v2::NAIVE_DATE:
      return AppendTextOrMisfit(out, NormalDate(text));
    case v2::NAIVE_DATETIME:
      return AppendTextOrMisfit(out, NormalDatetime(text));
    case v2::UTC_DATETIME:
      return AppendTextOrMisfit(out, NormalUtcDatetime(text));
    default:
      return AppendLong(out, "", kMisfit);
  }
}

void AppendBlob(std::string& out, std::string_view bytes, v2::DataType type) {
  switch (type) {
    case v2::UNSPECIFIED:
    case v2::BINARY:
      return AppendLong(out, bytes, kBlob);
    case v2::STRING:
      return AppendLong(out, BlobLiteral(bytes), kText);
    default:
      return AppendLong(out, "", kMisfit);
  }
}

constexpr std::size_t kDateBytes = 10;

// "2024-01-31 12:00 +02:00" as "2024-01-31 12:00" and "+02:00"; the zone is empty if there is none.
std::pair<std::string_view, std::string> SplitZone(std::string_view text) {
  const std::size_t minutes = std::min<std::size_t>(16, text.size());
  const std::size_t end = std::min(text.find_first_not_of("0123456789:.", minutes), text.size());
  std::string_view zone = text.substr(end);
  if (zone.starts_with(' ')) zone.remove_prefix(1);
  // An abbreviation after the offset is removed.
  if (zone.starts_with('+') || zone.starts_with('-')) zone = zone.substr(0, zone.find(' '));
  return {text.substr(0, end), std::string(zone)};
}

std::optional<int> OffsetMinutes(std::string zone) {
  if (zone == "Z" || zone == "z" || zone == "UTC") return 0;
  std::erase(zone, ':');
  if (zone.size() == 3) zone += "00";
  int minutes = 0;
  if (zone.size() != 5 || (zone[0] != '+' && zone[0] != '-') ||
      !absl::SimpleAtoi(zone.substr(1), &minutes)) {
    return std::nullopt;
  }
  minutes = minutes / 100 * 60 + minutes % 100;
  return zone[0] == '-' ? -minutes : minutes;
}

}  // namespace

void AppendExpected(sqlite3_stmt* row, int column, const SentAs& sent, std::string& out) {
  const int stored = sqlite3_column_type(row, column);
  const bool key_text = sent.key && sent.type == v2::STRING;
  if (stored == SQLITE_NULL) return out.push_back(kNull);
  if (stored == SQLITE_BLOB) return AppendBlob(out, BlobOf(row, column), sent.type);
  if (stored == SQLITE_TEXT) {
    // For a text, these are its stored bytes.
    const DecodedText text = Decoded(BlobOf(row, column), sent.encoding);
    return key_text ? AppendLong(out, ExpectedKeyText(text, sent.makes_text), kText)
                    : AppendText(out, text.utf8(), sent.type);
  }
  if (key_text) return AppendLong(out, ExpectedKeyNumber(row, column, sent.makes_text), kText);
  if (stored == SQLITE_INTEGER) {
    return AppendInteger(out, sqlite3_column_int64(row, column), sent.type);
  }
  AppendReal(out, sqlite3_column_double(row, column), sent.type);
}

void AppendStored(sqlite3_stmt* row, int column, v2::DataType type, std::string& out) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      return AppendNumber(out, sqlite3_column_int64(row, column), kInteger);
    case SQLITE_FLOAT:
      return AppendNumber(out, sqlite3_column_double(row, column), kReal);
    case SQLITE_BLOB:
      return AppendLong(out, BlobOf(row, column), kBlob);
    case SQLITE_TEXT:
      break;
    default:
      out.push_back(kNull);
      return;
  }
  const std::string_view text = TextOf(row, column);
  if (type == v2::DECIMAL) {
    AppendLong(out, NormalDecimal(text), kText);
  } else {
    AppendLong(out, text, kText);
  }
}

std::string ReadableForm(std::string_view canonical) {
  constexpr std::size_t kShownBytes = 60;
  if (canonical.empty() || canonical[0] == kNull) return "NULL";
  const std::string_view bytes = canonical.substr(1);
  if (canonical[0] == kInteger) {
    std::int64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof(number));
    return std::to_string(number);
  }
  if (canonical[0] == kReal) {
    double number = 0;
    std::memcpy(&number, bytes.data(), sizeof(number));
    return ShortestText(number);
  }
  if (canonical[0] == kMisfit) return "(a value that does not fit the column's type)";
  const std::string_view text = bytes.substr(sizeof(std::uint64_t));
  const std::string_view shown = text.substr(0, kShownBytes);
  const std::string tail =
      shown.size() < text.size() ? absl::StrCat("… (", text.size(), " bytes)") : "";
  return canonical[0] == kBlob
             ? BlobLiteral(shown) + tail
             : absl::StrCat("'", absl::Utf8SafeCHexEscape(std::string(shown)), "'", tail);
}

std::string NormalDecimal(std::string_view text) {
  std::string_view digits = text;
  const bool negative = !digits.empty() && digits[0] == '-';
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  std::string whole(digits.substr(0, point));
  std::string fraction(point < digits.size() ? digits.substr(point + 1) : std::string_view());
  if (whole.empty() && fraction.empty()) return "";
  if (!IsDecimalText(whole + "0." + fraction + "0")) return "";
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  if (whole.empty()) whole.push_back('0');
  std::string normal = fraction.empty() ? whole : absl::StrCat(whole, ".", fraction);
  return negative && normal != "0" ? absl::StrCat("-", normal) : normal;
}

std::string NormalDate(std::string_view text) {
  const std::string utc = NormalUtcDatetime(text);
  // A date is a midnight; a midnight is a date unless it is in a zone other than UTC.
  const bool elsewhere = !utc.empty() && OffsetMinutes(SplitZone(text).second) != 0;
  const std::string time = elsewhere ? "" : utc.empty() ? NormalDatetime(text) : utc;
  const std::size_t day = kDateBytes;
  const bool midnight = time.substr(std::min(day, time.size())).starts_with("T00:00:00") &&
                        time.find('.') == std::string::npos;
  return midnight ? time.substr(0, day) : "";
}

std::string NormalDatetime(std::string_view text) {
  std::string normal(text);
  if (normal.size() == kDateBytes) normal += " 00:00:00";
  if (normal.size() < 16 || (normal[10] != ' ' && normal[10] != 'T')) return "";
  normal[10] = 'T';
  if (normal.size() == 16) normal += ":00";
  absl::CivilSecond second;
  const std::size_t point = std::min(normal.find('.'), normal.size());
  if (point != 19 || !absl::ParseCivilTime(normal.substr(0, point), &second)) return "";
  if (normal.size() > point) {
    normal.erase(normal.find_last_not_of('0') + 1);
    if (normal.back() == '.') normal.pop_back();
  }
  return normal;
}

std::string NormalUtcDatetime(std::string_view text) {
  const auto [clock, zone] = SplitZone(text);
  const std::optional<int> offset = OffsetMinutes(zone);
  const std::string local = NormalDatetime(clock);
  absl::CivilSecond second;
  if (!offset || local.empty() || !absl::ParseCivilTime(local.substr(0, 19), &second)) return "";
  return absl::StrCat(absl::FormatCivilTime(second - *offset * 60), local.substr(19), "Z");
}

}  // namespace tributary::tester
