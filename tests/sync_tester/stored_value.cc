#include "tests/sync_tester/stored_value.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/time/civil_time.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

void BindText(sqlite3_stmt* statement, int at, std::string_view text) {
  sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void BindOwnText(sqlite3_stmt* statement, int at, const std::string& text) {
  sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void BindReal(sqlite3_stmt* statement, int at, double value) {
  if (std::isnan(value)) {
    BindText(statement, at, "NaN");
  } else {
    sqlite3_bind_double(statement, at, value);
  }
}

// Called for each value, where a formatter would cost more than the rest of the row.
void AppendDigits(std::string& out, std::int64_t number, int digits) {
  const std::size_t end = out.size() + static_cast<std::size_t>(digits);
  out.resize(end);
  for (std::size_t at = end; digits > 0; --digits, number /= 10) {
    out[--at] = static_cast<char>('0' + number % 10);
  }
}

template <typename Civil>
std::string DayOf(const Civil& time) {
  std::string text;
  AppendDigits(text, time.year(), 4);
  text.push_back('-');
  AppendDigits(text, time.month(), 2);
  text.push_back('-');
  AppendDigits(text, time.day(), 2);
  return text;
}

}  // namespace

std::string IsoDate(const google::protobuf::Timestamp& time) {
  return DayOf(absl::CivilSecond(1970, 1, 1) + time.seconds());
}

std::string IsoDatetime(const google::protobuf::Timestamp& time) {
  const absl::CivilSecond second = absl::CivilSecond(1970, 1, 1) + time.seconds();
  std::string text = DayOf(second);
  text.push_back('T');
  AppendDigits(text, second.hour(), 2);
  text.push_back(':');
  AppendDigits(text, second.minute(), 2);
  text.push_back(':');
  AppendDigits(text, second.second(), 2);
  if (time.nanos() != 0) {
    text.push_back('.');
    AppendDigits(text, time.nanos(), 9);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text;
}

void BindValue(sqlite3_stmt* statement, int at, const v2::ValueType& value) {
  switch (value.inner_case()) {
    case v2::ValueType::kBool:
      sqlite3_bind_int(statement, at, value.bool_() ? 1 : 0);
      break;
    case v2::ValueType::kShort:
      sqlite3_bind_int(statement, at, value.short_());
      break;
    case v2::ValueType::kInt:
      sqlite3_bind_int(statement, at, value.int_());
      break;
    case v2::ValueType::kLong:
      sqlite3_bind_int64(statement, at, value.long_());
      break;
    case v2::ValueType::kFloat:
      BindReal(statement, at, value.float_());
      break;
    case v2::ValueType::kDouble:
      BindReal(statement, at, value.double_());
      break;
    case v2::ValueType::kNaiveDate:
      BindOwnText(statement, at, IsoDate(value.naive_date()));
      break;
    case v2::ValueType::kNaiveDatetime:
      BindOwnText(statement, at, IsoDatetime(value.naive_datetime()));
      break;
    case v2::ValueType::kUtcDatetime:
      BindOwnText(statement, at, IsoDatetime(value.utc_datetime()) + "Z");
      break;
    case v2::ValueType::kDecimal:
      BindText(statement, at, value.decimal());
      break;
    case v2::ValueType::kBinary:
      sqlite3_bind_blob64(statement, at, value.binary().data(), value.binary().size(),
                          SQLITE_STATIC);
      break;
    case v2::ValueType::kString:
      BindText(statement, at, value.string());
      break;
    case v2::ValueType::kJson:
      BindText(statement, at, value.json());
      break;
    case v2::ValueType::kXml:
      BindText(statement, at, value.xml());
      break;
    case v2::ValueType::kNaiveTime:
    case v2::ValueType::kNull:
    case v2::ValueType::INNER_NOT_SET:
      sqlite3_bind_null(statement, at);
      break;
  }
}

}  // namespace tributary::tester
