#include "tests/sync_tester/row_fingerprint.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

void AppendNumber(std::string& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<char>((number >> shift) & 0xff));
  }
}

// Preceded by its length, so that different rows cannot give the same bytes.
void AppendText(std::string& out, std::string_view text) {
  AppendNumber(out, text.size());
  out.append(text);
}

void AppendValue(std::string& out, const v2::ValueType& value) {
  out.push_back(static_cast<char>(value.inner_case()));
  switch (value.inner_case()) {
    case v2::ValueType::kDecimal:
      AppendText(out, value.decimal());
      break;
    case v2::ValueType::kBinary:
      AppendText(out, value.binary());
      break;
    case v2::ValueType::kString:
      AppendText(out, value.string());
      break;
    case v2::ValueType::kJson:
      AppendText(out, value.json());
      break;
    case v2::ValueType::kXml:
      AppendText(out, value.xml());
      break;
    // All other kinds have a few bytes.
    default:
      AppendText(out, value.SerializeAsString());
      break;
  }
}

}  // namespace

RowFingerprint::RowFingerprint(const TableShape& table)
    : sha256_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), hashing_(EVP_MD_CTX_new()) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) order_.push_back(i);
  std::sort(order_.begin(), order_.end(), [&table](std::size_t a, std::size_t b) {
    return table.columns[a].name < table.columns[b].name;
  });
  for (const std::size_t i : order_) names_.push_back(table.columns[i].name);
}

const std::string& RowFingerprint::Of(const Row& row) {
  bytes_.clear();
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const v2::ValueType* value = row.values[order_[i]];
    if (value == nullptr || value->has_null()) continue;
    AppendText(bytes_, names_[i]);
    AppendValue(bytes_, *value);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestInit_ex(hashing_.get(), sha256_.get(), nullptr);
  EVP_DigestUpdate(hashing_.get(), bytes_.data(), bytes_.size());
  EVP_DigestFinal_ex(hashing_.get(), digest.data(), &size);
  static constexpr char kHex[] = "0123456789abcdef";
  hex_.clear();
  for (unsigned i = 0; i < size; ++i) {
    hex_.push_back(kHex[digest[i] >> 4]);
    hex_.push_back(kHex[digest[i] & 15]);
  }
  return hex_;
}

}  // namespace tributary::tester
