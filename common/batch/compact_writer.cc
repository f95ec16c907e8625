#include "common/batch/compact_writer.h"

#include <bit>
#include <cstring>

namespace tributary {
namespace {

// The saving in staging must be worth sending the compact form through the ring.
constexpr std::size_t kWorthOf = 4;
constexpr std::size_t kWorth = 3;

void AppendSize(std::string& to, std::size_t size) {
  static_assert(std::endian::native == std::endian::little);
  const auto bytes = static_cast<std::uint32_t>(size);
  to.append(reinterpret_cast<const char*>(&bytes), sizeof(bytes));
}

}  // namespace

CompactTemplate::CompactTemplate(std::string_view record_head, const std::vector<std::string>& keys)
    : columns_(keys.size()) {
  AppendSize(bytes_, keys.size());
  AppendSize(bytes_, record_head.size());
  bytes_.append(record_head);
  for (const std::string& key : keys) {
    AppendSize(bytes_, key.size());
    bytes_.append(key);
  }
}

CompactWriter::CompactWriter()
    : rows_(std::make_unique_for_overwrite<char[]>(limits::kMaxCompactBytes)),
      row_(rows_.get()),
      at_(row_),
      end_(row_) {}

void CompactWriter::BeginRowOfAnother(const std::shared_ptr<const CompactTemplate>& shape) {
  if (row_ != rows_.get()) {
    next_column_ = kGivenUp;
    return;
  }
  template_ = shape;
  columns_ = shape->columns() > 0 ? shape->columns() : kNoColumns;
  const std::size_t head = sizeof(std::uint32_t) + shape->bytes().size();
  end_ = row_ + (head < limits::kMaxCompactBytes ? limits::kMaxCompactBytes - head : 0);
  next_column_ = 0;
}

void CompactWriter::NextBatch(bool with_row) {
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

std::size_t CompactWriter::Bytes(std::size_t records_bytes) const {
  const auto rows_bytes = static_cast<std::size_t>(row_ - rows_.get());
  if (!usable_ || rows_bytes == 0) return 0;
  const std::size_t bytes = sizeof(std::uint32_t) + template_->bytes().size() + rows_bytes;
  return bytes * kWorthOf <= records_bytes * kWorth ? bytes : 0;
}

void CompactWriter::Put(std::size_t records_bytes, char* to) const {
  const auto size = static_cast<std::uint32_t>(records_bytes);
  std::memcpy(to, &size, sizeof(size));
  to += sizeof(size);
  const std::string_view head = template_->bytes();
  std::memcpy(to, head.data(), head.size());
  to += head.size();
  std::memcpy(to, rows_.get(), static_cast<std::size_t>(row_ - rows_.get()));
}

}  // namespace tributary
