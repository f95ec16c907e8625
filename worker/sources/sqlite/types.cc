#include "worker/sources/sqlite/types.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tributary::sqlite {
namespace {

using fivetran_sdk::v2::DataType;

// Names that are more precise than SQLite's affinity, including names of other databases, whose
// schemas are often copied. One blank between words.
constexpr auto kNames = std::to_array<std::pair<absl::string_view, DataType>>({
    {"BOOLEAN", DataType::BOOLEAN},
    {"BOOL", DataType::BOOLEAN},
    {"DECIMAL", DataType::DECIMAL},
    {"DEC", DataType::DECIMAL},
    {"NUMERIC", DataType::DECIMAL},
    {"NUMBER", DataType::DECIMAL},
    {"MONEY", DataType::DECIMAL},
    {"SMALLMONEY", DataType::DECIMAL},
    {"JSON", DataType::JSON},
    {"JSONB", DataType::JSON},
    {"DATE", DataType::NAIVE_DATE},
    {"DATETIME", DataType::NAIVE_DATETIME},
    {"DATETIME2", DataType::NAIVE_DATETIME},
    {"SMALLDATETIME", DataType::NAIVE_DATETIME},
    {"TIMESTAMP", DataType::NAIVE_DATETIME},
    {"TIMESTAMP WITHOUT TIME ZONE", DataType::NAIVE_DATETIME},
    {"TIMESTAMPTZ", DataType::UTC_DATETIME},
    {"TIMESTAMP WITH TIME ZONE", DataType::UTC_DATETIME},
    {"TIMESTAMP WITH LOCAL TIME ZONE", DataType::UTC_DATETIME},
    {"DATETIMEOFFSET", DataType::UTC_DATETIME},
    {"TIME", DataType::STRING},
    {"STRING", DataType::STRING},
    {"UUID", DataType::STRING},
    {"GUID", DataType::STRING},
    {"UNIQUEIDENTIFIER", DataType::STRING},
    {"BINARY", DataType::BINARY},
    {"BINARY VARYING", DataType::BINARY},
    {"VARBINARY", DataType::BINARY},
    {"LONGVARBINARY", DataType::BINARY},
    {"BYTEA", DataType::BINARY},
    {"IMAGE", DataType::BINARY},
    {"ANY", DataType::UNSPECIFIED},
    {"", DataType::UNSPECIFIED},
});

// GeoPackage's and SpatiaLite's names of geometries, which hold blobs; "POINT" would be
// an integer by SQLite's rules.
constexpr auto kGeometries = std::to_array<absl::string_view>(
    {"GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "CURVE", "MULTILINESTRING",
     "MULTIPOLYGON", "GEOMETRYCOLLECTION", "SURFACE", "MULTICURVE", "MULTISURFACE",
     "CIRCULARSTRING", "COMPOUNDCURVE", "CURVEPOLYGON", "GEOMCOLLECTION", "TIN",
     "POLYHEDRALSURFACE"});

// With the letters of more dimensions: "POINT", "POINTZ", "POINT ZM".
bool IsGeometry(absl::string_view name) {
  absl::ConsumeSuffix(&name, "M");
  absl::ConsumeSuffix(&name, "Z");
  absl::ConsumeSuffix(&name, " ");
  return std::find(kGeometries.begin(), kGeometries.end(), name) != kGeometries.end();
}

// SQLite's rules, in their order: https://sqlite.org/datatype3.html, section 3.1.
constexpr std::array<std::pair<absl::string_view, DataType>, 8> kAffinities{{
    {"INT", DataType::LONG},
    {"CHAR", DataType::STRING},
    {"CLOB", DataType::STRING},
    {"TEXT", DataType::STRING},
    {"BLOB", DataType::BINARY},
    {"REAL", DataType::DOUBLE},
    {"FLOA", DataType::DOUBLE},
    {"DOUB", DataType::DOUBLE},
}};

// "TIMESTAMP (6) WITH  TIME ZONE" taken apart.
struct Declaration {
  // "TIMESTAMP WITH TIME ZONE"
  std::string name;
  // "TIMESTAMP"; the part after a bracket may not belong to the type: DECIMAL(8,2) UNSIGNED.
  std::string first_words;
  // "(6)"
  std::string bracket;
};

Declaration TakeApart(absl::string_view declared) {
  const std::string upper = absl::AsciiStrToUpper(declared);
  const std::size_t open = std::min(upper.find('('), upper.size());
  const std::size_t close = upper.find(')', open);
  const std::size_t end = close == std::string::npos ? upper.size() : close + 1;
  const auto words = [](const std::string& text) {
    return absl::StrJoin(absl::StrSplit(text, absl::ByAnyChar(" \t\r\n\f\v"), absl::SkipEmpty()),
                         " ");
  };
  return {.name = words(absl::StrCat(upper.substr(0, open), " ", upper.substr(end))),
          .first_words = words(upper.substr(0, open)),
          .bracket = upper.substr(open, end - open)};
}

std::optional<DataType> KnownType(absl::string_view name) {
  const auto* const known = std::find_if(kNames.begin(), kNames.end(),
                                         [name](const auto& one) { return one.first == name; });
  if (known != kNames.end()) return known->second;
  if (IsGeometry(name)) return DataType::BINARY;
  return std::nullopt;
}

DataType TypeOf(const Declaration& declared) {
  for (const std::string* name : {&declared.name, &declared.first_words}) {
    if (const auto type = KnownType(*name)) return *type;
  }
  for (const auto& [part, type] : kAffinities) {
    if (absl::StrContains(declared.name, part)) return type;
  }
  return DataType::UNSPECIFIED;
}

// "(10, 2)" as 10 and 2; "(10)" as 10 and 0.
std::optional<std::pair<std::uint32_t, std::uint32_t>> DecimalLimits(absl::string_view text) {
  if (text.size() < 3 || text.front() != '(' || text.back() != ')') return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(text.substr(1, text.size() - 2), ',');
  std::uint32_t precision = 0;
  std::uint32_t scale = 0;
  if (parts.size() > 2 || !absl::SimpleAtoi(parts[0], &precision)) return std::nullopt;
  if (parts.size() == 2 && !absl::SimpleAtoi(parts[1], &scale)) return std::nullopt;
  if (precision < 1 || precision > kMaxDecimalPrecision || scale > precision) return std::nullopt;
  return std::pair(precision, scale);
}

}  // namespace

void SetType(absl::string_view declared, fivetran_sdk::v2::Column& column) {
  const Declaration parts = TakeApart(declared);
  const DataType type = TypeOf(parts);
  column.set_type(type);
  if (type != DataType::DECIMAL) return;
  if (const auto limits = DecimalLimits(parts.bracket)) {
    column.mutable_params()->mutable_decimal()->set_precision(limits->first);
    column.mutable_params()->mutable_decimal()->set_scale(limits->second);
  }
}

}  // namespace tributary::sqlite
