// Any bytes as a value of any type: they give a value that meets the encoder's preconditions, or a
// failure; a value made into JSON is valid JSON. The first byte selects the type.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/limits.h"
#include "common/text.h"
#include "worker/sources/postgresql/row_writer.h"
#include "worker/sources/postgresql/types.h"

namespace tributary::postgresql {
namespace {

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

class CheckingSink {
 public:
  void Null(std::size_t) { ++calls; }
  void Bool(std::size_t, bool) { ++calls; }
  void Short(std::size_t, std::int32_t) { ++calls; }
  void Int(std::size_t, std::int32_t) { ++calls; }
  void Long(std::size_t, std::int64_t) { ++calls; }
  void Float(std::size_t, float) { ++calls; }
  void Double(std::size_t, double) { ++calls; }
  void NaiveDate(std::size_t, std::int64_t seconds) { Time(seconds, 0); }
  void NaiveDatetime(std::size_t, std::int64_t seconds, std::int32_t nanos) {
    Time(seconds, nanos);
  }
  void UtcDatetime(std::size_t, std::int64_t seconds, std::int32_t nanos) { Time(seconds, nanos); }
  void Decimal(std::size_t, std::string_view digits) {
    Require(!digits.empty() && digits.find_first_not_of("-.0123456789") == std::string_view::npos,
            "a decimal is digits");
    ++calls;
  }
  void Binary(std::size_t, std::string_view) { ++calls; }
  void String(std::size_t, std::string_view text) { Text(text); }
  void Json(std::size_t, std::string_view text) {
    Text(text);
    json = text;
  }
  void Xml(std::size_t, std::string_view text) { Text(text); }

  int calls = 0;
  std::string json;

 private:
  void Time(std::int64_t seconds, std::int32_t nanos) {
    Require(seconds >= -62135596800 && seconds < 253402300800, "a time is of the years 1 to 9999");
    Require(nanos >= 0 && nanos < 1'000'000'000, "nanoseconds are within a second");
    ++calls;
  }
  void Text(std::string_view text) {
    Require(IsUtf8(text), "a text is UTF-8");
    ++calls;
  }
};

TypeFacts Made(std::uint32_t oid, const char* name, char type, std::uint32_t inner,
               const char* send) {
  TypeFacts facts;
  facts.oid = oid;
  facts.name = name;
  facts.type = type;
  facts.inner = inner;
  facts.send = send;
  return facts;
}

// OIDs from 20000 on: types of extensions, composites, and ranges of them.
std::vector<RowWriter::Column> AllTypes() {
  TypeCatalog catalog;
  std::vector<TypeFacts> types = {
      Made(20000, "hstore", 'b', 0, "hstore_send"),
      Made(20001, "cube", 'b', 0, "cube_send"),
      Made(20002, "vector", 'b', 0, "vector_send"),
      Made(20003, "halfvec", 'b', 0, "halfvec_send"),
      Made(20004, "sparsevec", 'b', 0, "sparsevec_send"),
      Made(20005, "ltree", 'b', 0, "ltree_send"),
      Made(20006, "geometry", 'b', 0, "geometry_send"),
      Made(20007, "pair", 'c', 0, "record_send"),
      Made(20008, "_pair", 'b', 20007, "array_send"),
      Made(20009, "nested", 'c', 0, "record_send"),
      Made(20010, "pair_range", 'r', 20007, "range_send"),
      Made(20011, "pair_multirange", 'm', 20010, "multirange_send"),
      Made(20012, "array_range", 'r', 1009, "range_send"),
      Made(20013, "_hstore", 'b', 20000, "array_send"),
  };
  types[7].fields = {{"a", 23}, {"b", 25}, {"Long Name", 1700}, {"j", 114}};
  types[9].fields = {{"p", 20007}, {"ps", 20008}, {"h", 20000}, {"f", 701}, {"m", 20011}};
  types[8].array = types[13].array = true;
  for (const TypeFacts& facts : types) catalog.Add(facts);
  for (TypeFacts& facts : BuiltinTypes()) types.push_back(std::move(facts));
  std::vector<RowWriter::Column> columns;
  for (const TypeFacts& facts : types) {
    auto column = catalog.Column(facts.oid, -1);
    if (!column.ok()) std::abort();
    columns.push_back({.name = facts.name, .type = *std::move(column)});
  }
  return columns;
}

// The text of a stored JSON value is only checked for its encoding.
bool HasStoredJson(const TypePlan& plan) {
  if (plan.kind == Kind::kJsonb) return true;
  for (const TypePart& part : plan.parts) {
    if (HasStoredJson(*part.plan)) return true;
  }
  return false;
}

void Check(std::string_view bytes) {
  static const std::vector<RowWriter::Column> kColumns = AllTypes();
  if (bytes.empty()) return;
  const RowWriter::Column& column =
      kColumns[static_cast<unsigned char>(bytes[0]) % kColumns.size()];
  RowWriter writer("t", {column});
  CheckingSink sink;
  const auto result =
      writer.WriteLogged(0, {.form = TupleColumn::Form::kBinary, .value = bytes.substr(1)}, sink);
  Require(sink.calls == (result == RowWriter::Result::kWritten ? 1 : 0),
          "a value is written once, a failure not at all");
  Require(writer.failure().ok() == (result != RowWriter::Result::kFailed), "a failure says why");
  const TypePlan& plan = *column.type.logged;
  // A value that is nested too deeply is sent unchanged.
  if (bytes.size() > limits::kPostgresqlJsonDepth || plan.kind == Kind::kJson ||
      HasStoredJson(plan) || sink.json.empty()) {
    return;
  }
  Require(nlohmann::json::accept(sink.json), "what is made JSON is JSON");
}

}  // namespace
}  // namespace tributary::postgresql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tributary::postgresql::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
