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
#include "absl/strings/str_split.h"

namespace tributary::sqlite {
namespace {

using fivetran_sdk::v2::DataType;

// Names that say more than SQLite's affinity does.
constexpr std::array<std::pair<absl::string_view, DataType>, 13> kNames{{
    {"BOOLEAN", DataType::BOOLEAN},
    {"BOOL", DataType::BOOLEAN},
    {"DECIMAL", DataType::DECIMAL},
    {"NUMERIC", DataType::DECIMAL},
    {"JSON", DataType::JSON},
    {"DATE", DataType::NAIVE_DATE},
    {"DATETIME", DataType::NAIVE_DATETIME},
    {"TIMESTAMP", DataType::NAIVE_DATETIME},
    {"TIME", DataType::STRING},
    {"STRING", DataType::STRING},
    {"UUID", DataType::STRING},
    {"ANY", DataType::UNSPECIFIED},
    {"", DataType::UNSPECIFIED},
}};

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

DataType TypeOf(absl::string_view name) {
  for (const auto& [known, type] : kNames) {
    if (name == known) return type;
  }
  for (const auto& [part, type] : kAffinities) {
    if (absl::StrContains(name, part)) return type;
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
  const std::string upper = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(declared));
  const std::size_t bracket = std::min(upper.find('('), upper.size());
  const absl::string_view whole(upper);
  const DataType type = TypeOf(absl::StripAsciiWhitespace(whole.substr(0, bracket)));
  column.set_type(type);
  if (type != DataType::DECIMAL) return;
  if (const auto limits = DecimalLimits(whole.substr(bracket))) {
    column.mutable_params()->mutable_decimal()->set_precision(limits->first);
    column.mutable_params()->mutable_decimal()->set_scale(limits->second);
  }
}

}  // namespace tributary::sqlite
