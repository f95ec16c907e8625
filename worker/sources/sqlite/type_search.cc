#include "worker/sources/sqlite/type_search.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "common/limits.h"
#include "worker/sources/sqlite/moment.h"

namespace tributary::sqlite {
namespace {

using fivetran_sdk::v2::DataType;

// The maximum size of a Widening.
constexpr std::size_t kBytesBesideName = 64;

// The types that may replace a column's first type, the narrowest first; STRING is at the end of
// each. Times with and without a zone have no common type; neither do numbers, times and blobs.
const std::vector<std::vector<DataType>>& Ways() {
  static const std::vector<std::vector<DataType>> ways{
      {DataType::BOOLEAN, DataType::LONG, DataType::DOUBLE, DataType::DECIMAL, DataType::BINARY},
      {DataType::LONG, DataType::DOUBLE, DataType::DECIMAL, DataType::BINARY},
      {DataType::DOUBLE, DataType::DECIMAL, DataType::BINARY},
      // The second one is without limits.
      {DataType::DECIMAL, DataType::DECIMAL, DataType::DOUBLE, DataType::BINARY},
      {DataType::NAIVE_DATE, DataType::NAIVE_DATETIME, DataType::UTC_DATETIME, DataType::LONG,
       DataType::DOUBLE, DataType::DECIMAL, DataType::BINARY},
      {DataType::NAIVE_DATETIME, DataType::UTC_DATETIME, DataType::LONG, DataType::DOUBLE,
       DataType::DECIMAL, DataType::BINARY},
      {DataType::UTC_DATETIME, DataType::NAIVE_DATETIME, DataType::LONG, DataType::DOUBLE,
       DataType::DECIMAL, DataType::BINARY},
      {DataType::JSON, DataType::BINARY},
      {DataType::BINARY, DataType::LONG, DataType::DOUBLE},
  };
  return ways;
}

std::vector<DataType> WayOf(DataType type) {
  for (const std::vector<DataType>& way : Ways()) {
    if (way.front() == type) return way;
  }
  return {type};
}

bool IsMomentType(DataType type) {
  return type == DataType::NAIVE_DATE || type == DataType::NAIVE_DATETIME ||
         type == DataType::UTC_DATETIME;
}

Widening::Misfit NumberMisfit(sqlite3_value* value, DataType type) {
  if (IsMomentType(type) || type == DataType::BINARY) return Widening::NUMBER;
  const bool integer = sqlite3_value_type(value) == SQLITE_INTEGER;
  if (integer) return type == DataType::BOOLEAN ? Widening::NOT_0_OR_1 : Widening::MANY_DIGITS;
  const double real = sqlite3_value_double(value);
  if (!std::isfinite(real)) return Widening::NOT_FINITE;
  return type == DataType::DECIMAL || std::trunc(real) == real ? Widening::MANY_DIGITS
                                                               : Widening::FRACTION;
}

Widening::Misfit MomentMisfit(std::string_view text, DataType type) {
  const auto moment = ReadMoment(text);
  if (!moment) return Widening::TEXT;
  if (type == DataType::UTC_DATETIME) {
    // A value with a zone here is a time that is in year 0 or 10000 of UTC.
    return moment->has_zone ? Widening::TEXT : Widening::NO_ZONE;
  }
  return moment->has_zone ? Widening::ZONE : Widening::TIME_OF_DAY;
}

}  // namespace

void TypeSearch::Begin(
    const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns) {
  columns_.clear();
  found_ = false;
  google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> ways;
  for (const auto& from : columns) {
    Column& column = columns_.emplace_back();
    column.name = from.name();
    column.key = from.primary_key();
    column.types = WayOf(from.type());
    if (from.type() == DataType::DECIMAL && !from.has_params()) {
      column.types.erase(column.types.begin());
    }
    column.first = static_cast<std::size_t>(ways.size());
    assert(column.types.size() <= kMostTypes);
    for (const DataType type : column.types) {
      fivetran_sdk::v2::Column& way = *ways.Add();
      way.set_type(type);
      way.set_primary_key(column.key);
    }
    fivetran_sdk::v2::Column& own = *ways.Mutable(static_cast<int>(column.first));
    if (from.has_params()) *own.mutable_params() = from.params();
    // Recognises a value that is only forbidden in a key.
    *ways.Add() = own;
    ways.rbegin()->set_primary_key(false);
  }
  row_.Begin(ways);
}

void TypeSearch::See(std::size_t at, sqlite3_value* value) {
  Column& column = columns_[at];
  if (column.types.size() == 1 || sqlite3_value_type(value) == SQLITE_NULL) return;
  for (std::size_t type = 1; type < column.types.size(); ++type) {
    if (column.too_narrow[type] || row_.Fits(column.first + type, value)) continue;
    column.too_narrow.set(type);
  }
  if (row_.Fits(column.first, value)) return;
  column.too_narrow.set(0);
  column.misfits.set(static_cast<std::size_t>(MisfitOf(column, value)));
  found_ = true;
}

Widening::Misfit TypeSearch::MisfitOf(const Column& column, sqlite3_value* value) {
  if (row_.Fits(column.first + column.types.size(), value)) return Widening::SPELLING;
  switch (sqlite3_value_type(value)) {
    case SQLITE_BLOB:
      return Widening::BLOB;
    case SQLITE_TEXT: {
      const std::string_view text = row_.TextOf(value);
      if (text.empty()) return Widening::EMPTY_TEXT;
      const DataType type = column.types.front();
      if (type == DataType::JSON) return Widening::NOT_JSON;
      return IsMomentType(type) ? MomentMisfit(text, type) : Widening::TEXT;
    }
    default:
      return NumberMisfit(value, column.types.front());
  }
}

void TypeSearch::AddTo(google::protobuf::RepeatedPtrField<Widening>& widenings) const {
  std::size_t bytes = 0;
  for (const Column& column : columns_) {
    if (!column.too_narrow[0]) continue;
    bytes += column.name.size() + kBytesBesideName;
    if (bytes > limits::kMaxFramePayloadBytes / 2 && !widenings.empty()) return;
    Widening& widening = *widenings.Add();
    widening.set_column(column.name);
    widening.set_type(DataType::STRING);
    for (std::size_t type = column.types.size(); type-- > 0;) {
      if (!column.too_narrow[type]) widening.set_type(column.types[type]);
    }
    for (int misfit = 0; misfit < Widening::Misfit_ARRAYSIZE; ++misfit) {
      if (column.misfits[static_cast<std::size_t>(misfit)]) {
        widening.add_misfits(static_cast<Widening::Misfit>(misfit));
      }
    }
  }
}

}  // namespace tributary::sqlite
