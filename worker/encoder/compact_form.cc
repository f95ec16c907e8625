#include "worker/encoder/compact_form.h"

#include <bit>
#include <cstring>

namespace tributary {
namespace {

// What staging saves has to pay for the form's way through the ring.
constexpr std::size_t kWorthOf = 4;
constexpr std::size_t kWorth = 3;

void AppendSize(std::string& to, std::size_t size) {
  static_assert(std::endian::native == std::endian::little);
  const auto bytes = static_cast<std::uint32_t>(size);
  to.append(reinterpret_cast<const char*>(&bytes), sizeof(bytes));
}

}  // namespace

CompactForm::CompactForm(std::string_view record_head, const std::vector<std::string>& keys)
    : columns_(keys.size()) {
  AppendSize(template_, keys.size());
  AppendSize(template_, record_head.size());
  template_.append(record_head);
  for (const std::string& key : keys) {
    AppendSize(template_, key.size());
    template_.append(key);
  }
  const std::size_t head = sizeof(std::uint32_t) + template_.size();
  const std::size_t room = head < limits::kMaxCompactBytes ? limits::kMaxCompactBytes - head : 0;
  rows_ = std::make_unique_for_overwrite<char[]>(room);
  row_ = at_ = rows_.get();
  end_ = at_ + room;
}

void CompactForm::NextBatch(bool with_row) {
  char* const begin = rows_.get();
  if (with_row) {
    const auto bytes = static_cast<std::size_t>(at_ - row_);
    std::memmove(begin, row_, bytes);
    at_ = begin + bytes;
  } else {
    at_ = begin;
  }
  row_ = begin;
  usable_ = true;
}

std::size_t CompactForm::Bytes(std::size_t records_bytes) const {
  const auto rows_bytes = static_cast<std::size_t>(row_ - rows_.get());
  if (!usable_ || rows_bytes == 0) return 0;
  const std::size_t bytes = sizeof(std::uint32_t) + template_.size() + rows_bytes;
  return bytes * kWorthOf <= records_bytes * kWorth ? bytes : 0;
}

void CompactForm::Put(std::size_t records_bytes, char* to) const {
  const auto size = static_cast<std::uint32_t>(records_bytes);
  std::memcpy(to, &size, sizeof(size));
  to += sizeof(size);
  std::memcpy(to, template_.data(), template_.size());
  to += template_.size();
  std::memcpy(to, rows_.get(), static_cast<std::size_t>(row_ - rows_.get()));
}

}  // namespace tributary
