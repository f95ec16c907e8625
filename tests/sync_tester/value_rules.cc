#include "tests/sync_tester/value_rules.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/sync_tester/json_syntax.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

// 0001-01-01 and the second after 9999-12-31, the limits of protobuf's Timestamp.
constexpr std::int64_t kFirstSecond = -62135596800;
constexpr std::int64_t kEndSecond = 253402300800;
constexpr std::int64_t kSecondsInDay = 86400;

v2::DataType TypeOf(v2::ValueType::InnerCase kind) {
  switch (kind) {
    case v2::ValueType::kBool:
      return v2::BOOLEAN;
    case v2::ValueType::kShort:
      return v2::SHORT;
    case v2::ValueType::kInt:
      return v2::INT;
    case v2::ValueType::kLong:
      return v2::LONG;
    case v2::ValueType::kFloat:
      return v2::FLOAT;
    case v2::ValueType::kDouble:
      return v2::DOUBLE;
    case v2::ValueType::kNaiveDate:
      return v2::NAIVE_DATE;
    case v2::ValueType::kNaiveDatetime:
      return v2::NAIVE_DATETIME;
    case v2::ValueType::kUtcDatetime:
      return v2::UTC_DATETIME;
    case v2::ValueType::kDecimal:
      return v2::DECIMAL;
    case v2::ValueType::kBinary:
      return v2::BINARY;
    case v2::ValueType::kString:
      return v2::STRING;
    case v2::ValueType::kJson:
      return v2::JSON;
    case v2::ValueType::kXml:
      return v2::XML;
    case v2::ValueType::kNaiveTime:
      return v2::NAIVE_TIME;
    case v2::ValueType::kNull:
    case v2::ValueType::INNER_NOT_SET:
      break;
  }
  return v2::UNSPECIFIED;
}

std::string TimestampFault(const google::protobuf::Timestamp& time, bool midnight) {
  if (time.seconds() < kFirstSecond || time.seconds() >= kEndSecond) {
    return "a time outside the years 1 to 9999";
  }
  if (time.nanos() < 0 || time.nanos() > 999999999) return "nanoseconds outside one second";
  if (midnight && (time.nanos() != 0 || time.seconds() % kSecondsInDay != 0)) {
    return "a date that is not midnight";
  }
  return "";
}

std::string DecimalFault(const std::string& text, const ColumnShape& column) {
  if (!IsDecimalText(text)) return "a decimal that is not digits with a sign and a point";
  if (column.type == v2::DECIMAL && column.precision != 0 &&
      !DecimalFits(text, column.precision, column.scale)) {
    return absl::StrCat("a decimal that does not fit DECIMAL(", column.precision, ",", column.scale,
                        ")");
  }
  return "";
}

std::string ContentFault(const v2::ValueType& value, const ColumnShape& column) {
  switch (value.inner_case()) {
    case v2::ValueType::kNull:
      return value.null() ? "" : "null set to false";
    case v2::ValueType::kShort:
      return value.short_() < -32768 || value.short_() > 32767 ? "a short outside 16 bits" : "";
    case v2::ValueType::kNaiveDate:
      return TimestampFault(value.naive_date(), true);
    case v2::ValueType::kNaiveDatetime:
      return TimestampFault(value.naive_datetime(), false);
    case v2::ValueType::kUtcDatetime:
      return TimestampFault(value.utc_datetime(), false);
    case v2::ValueType::kDecimal:
      return DecimalFault(value.decimal(), column);
    case v2::ValueType::kJson:
      return IsJson(value.json()) ? "" : "a json text that is not JSON";
    case v2::ValueType::kString:
      return column.max_bytes != 0 && value.string().size() > column.max_bytes
                 ? absl::StrCat("a string longer than ", column.max_bytes, " bytes")
                 : "";
    default:
      return "";
  }
}

}  // namespace

std::string ValueFault(const v2::ValueType& value, const ColumnShape& column) {
  const v2::ValueType::InnerCase kind = value.inner_case();
  if (kind == v2::ValueType::INNER_NOT_SET) return "a value with nothing set, not even null";
  if (kind == v2::ValueType::kNaiveTime) {
    return "a naive_time, which sources must not use; a time of day is a string";
  }
  if (kind != v2::ValueType::kNull && column.type != v2::UNSPECIFIED &&
      TypeOf(kind) != column.type) {
    return absl::StrCat("a value of type ", v2::DataType_Name(TypeOf(kind)),
                        " in a column of type ", v2::DataType_Name(column.type));
  }
  return ContentFault(value, column);
}

bool IsDecimalText(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const auto all_digits = [](std::string_view part) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (point == std::string_view::npos) return all_digits(text);
  return all_digits(text.substr(0, point)) && all_digits(text.substr(point + 1));
}

bool DecimalFits(std::string_view text, unsigned precision, unsigned scale) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, point);
  std::string_view fraction = point < text.size() ? text.substr(point + 1) : std::string_view();
  while (!whole.empty() && whole.front() == '0') whole.remove_prefix(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  return fraction.size() <= scale && whole.size() + scale <= std::max(precision, scale);
}

}  // namespace tributary::tester
