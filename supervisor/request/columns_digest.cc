#include "supervisor/request/columns_digest.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/digest.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::Column;
using fivetran_sdk::v2::DataTypeParams;

constexpr std::size_t kColumnsDigits = 16;

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

std::string ColumnsDigest(const std::vector<const Column*>& columns) {
  std::vector<const Column*> sorted = columns;
  std::sort(sorted.begin(), sorted.end(),
            [](const Column* a, const Column* b) { return a->name() < b->name(); });
  Digest digest;
  for (const Column* column : sorted) {
    digest.Text(column->name())
        .Number(static_cast<std::uint64_t>(column->type()))
        .Number(column->primary_key() ? 1 : 0);
    AddParams(digest, column->params());
  }
  return digest.Hex(kColumnsDigits);
}

std::string ColumnsDigest(const google::protobuf::RepeatedPtrField<Column>& columns) {
  return ColumnsDigest(std::vector<const Column*>(columns.pointer_begin(), columns.pointer_end()));
}

}  // namespace tributary
