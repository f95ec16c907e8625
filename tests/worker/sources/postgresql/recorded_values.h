// A sink that keeps each value as a text, "Int 5", in its column.
#ifndef TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_RECORDED_VALUES_H_
#define TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_RECORDED_VALUES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tributary::postgresql {

class RecordedValues {
 public:
  explicit RecordedValues(std::size_t columns) : values_(columns) {}

  void Null(std::size_t column) { Keep(column, "Null", ""); }
  void Bool(std::size_t column, bool value) { Keep(column, "Bool", value ? "true" : "false"); }
  void Short(std::size_t column, std::int32_t value) { Keep(column, "Short", value); }
  void Int(std::size_t column, std::int32_t value) { Keep(column, "Int", value); }
  void Long(std::size_t column, std::int64_t value) { Keep(column, "Long", value); }
  void Float(std::size_t column, float value) { Keep(column, "Float", value); }
  void Double(std::size_t column, double value) { Keep(column, "Double", value); }
  void NaiveDate(std::size_t column, std::int64_t seconds) { Keep(column, "NaiveDate", seconds); }
  void NaiveDatetime(std::size_t column, std::int64_t seconds, std::int32_t nanos) {
    Keep(column, "NaiveDatetime", std::to_string(seconds) + " " + std::to_string(nanos));
  }
  void UtcDatetime(std::size_t column, std::int64_t seconds, std::int32_t nanos) {
    Keep(column, "UtcDatetime", std::to_string(seconds) + " " + std::to_string(nanos));
  }
  void Decimal(std::size_t column, std::string_view digits) { Keep(column, "Decimal", digits); }
  void Binary(std::size_t column, std::string_view bytes) { Keep(column, "Binary", bytes); }
  void String(std::size_t column, std::string_view text) { Keep(column, "String", text); }
  void Json(std::size_t column, std::string_view text) { Keep(column, "Json", text); }
  void Xml(std::size_t column, std::string_view text) { Keep(column, "Xml", text); }

  // "" if the column got no value; all of them if it got several.
  const std::string& operator[](std::size_t column) const { return values_[column]; }
  const std::vector<std::string>& all() const { return values_; }
  void Clear() { values_.assign(values_.size(), ""); }

 private:
  void Keep(std::size_t column, const char* type, std::string_view value) {
    std::string& kept = values_.at(column);
    if (!kept.empty()) kept += "; ";
    kept += type;
    if (!value.empty()) kept.append(" ").append(value);
  }
  template <typename Number>
    requires std::is_arithmetic_v<Number>
  void Keep(std::size_t column, const char* type, Number value) {
    Keep(column, type, std::string_view(std::to_string(value)));
  }

  std::vector<std::string> values_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_RECORDED_VALUES_H_
