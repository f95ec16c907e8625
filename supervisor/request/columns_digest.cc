#include "supervisor/request/columns_digest.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/digest.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::Column;
using fivetran_sdk::v2::DataTypeParams;

constexpr std::size_t kKeyDigits = 6;
constexpr std::size_t kAllColumnsDigits = 10;

void AddParams(Digest& digest, const DataTypeParams& params) {
  digest.Number(static_cast<std::uint64_t>(params.params_case()));
  switch (params.params_case()) {
    case DataTypeParams::kDecimal:
      digest.Number(params.decimal().precision()).Number(params.decimal().scale());
      break;
    case DataTypeParams::kStringByteLength:
      digest.Number(static_cast<std::uint32_t>(params.string_byte_length()));
      break;
    case DataTypeParams::PARAMS_NOT_SET:
      break;
  }
}

}  // namespace

std::string ColumnsDigest(const std::vector<const Column*>& columns, const ColumnNumbers& numbers,
                          std::string_view order) {
  std::vector<const Column*> sorted = columns;
  std::sort(sorted.begin(), sorted.end(),
            [](const Column* a, const Column* b) { return a->name() < b->name(); });
  Digest key;
  Digest all;
  if (!order.empty()) {
    key.Text(order);
    all.Text(order);
  }
  for (const Column* column : sorted) {
    for (Digest* digest : {&key, &all}) {
      if (digest == &key && !column->primary_key()) continue;
      digest->Text(column->name())
          .Number(static_cast<std::uint64_t>(column->type()))
          .Number(column->primary_key() ? 1 : 0);
      AddParams(*digest, column->params());
      const auto number = numbers.find(column->name());
      if (number != numbers.end()) digest->Number(number->second);
    }
  }
  return key.Hex(kKeyDigits) + all.Hex(kAllColumnsDigits);
}

bool SameKey(std::string_view columns_digest, std::string_view other) {
  return columns_digest.substr(0, kKeyDigits) == other.substr(0, kKeyDigits);
}

std::string ColumnsDigest(const google::protobuf::RepeatedPtrField<Column>& columns,
                          const ColumnNumbers& numbers, std::string_view order) {
  return ColumnsDigest(std::vector<const Column*>(columns.pointer_begin(), columns.pointer_end()),
                       numbers, order);
}

}  // namespace tributary
