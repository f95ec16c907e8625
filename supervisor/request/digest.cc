#include "supervisor/request/digest.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "absl/strings/escaping.h"

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

Digest& Digest::Text(std::string_view text) {
  Number(text.size());
  bytes_ += text;
  return *this;
}

Digest& Digest::Number(std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) {
    bytes_ += static_cast<char>((number >> shift) & 0xff);
  }
  return *this;
}

std::string Digest::Hex(std::size_t digits) const {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size(), hash.data());
  return absl::BytesToHexString({reinterpret_cast<const char*>(hash.data()), hash.size()})
      .substr(0, digits);
}

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
