#include "worker/sources/postgresql/copy_stream.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr std::size_t kFixedHeaderBytes = 11 + 2 * sizeof(std::uint32_t);
constexpr std::uint32_t kCriticalFlags = 0xffff'0000;
constexpr std::size_t kLengthBytes = sizeof(std::int32_t);
// What may stay allocated after a large row.
constexpr std::size_t kKeptBytes = 4 * limits::kMiB;

}  // namespace

CopyStream::CopyStream(std::string table, std::size_t columns, std::size_t max_row_bytes)
    : table_(std::move(table)), columns_(columns), max_row_bytes_(max_row_bytes) {
  assert(max_row_bytes <= limits::kPostgresqlMaxRowBytes);
  row_.fields_.resize(columns);
}

CopyStream::Event CopyStream::Next() {
  switch (state_) {
    case State::kRows:
      return ReadRow();
    case State::kHeader:
      return ReadHeader();
    case State::kPassingOver:
      return PassOver();
    case State::kEnded:
      return End();
    case State::kBroken:
      break;
  }
  return Event::kBroken;
}

absl::Status CopyStream::Finish() const {
  if (state_ == State::kEnded || state_ == State::kBroken) return status_;
  return absl::DataLossError(
      absl::StrCat("copy table ", table_, ": the data ended before its trailer; read it again"));
}

CopyStream::Event CopyStream::Break(std::string_view what) {
  state_ = State::kBroken;
  status_ = absl::DataLossError(absl::StrCat(
      "copy table ", table_, ": ", absl::string_view(what.data(), what.size()),
      "; read it again, and look for a proxy that changes what the server sends if it stays so"));
  return Event::kBroken;
}

bool CopyStream::Keep(std::size_t size) {
  if (kept_.size() < size) {
    const std::size_t taken = std::min(size - kept_.size(), rest_.size());
    kept_.append(rest_.substr(0, taken));
    rest_.remove_prefix(taken);
  }
  return kept_.size() >= size;
}

void CopyStream::DropKept() {
  if (kept_.capacity() > kKeptBytes) std::string().swap(kept_);
  kept_.clear();
}

CopyStream::Event CopyStream::ReadHeader() {
  if (!Keep(kFixedHeaderBytes)) return Event::kNeedsMore;
  WireReader reader(kept_);
  if (reader.TakeBytes(kSignature.size()) != kSignature) {
    return Break("it does not begin as COPY BINARY does");
  }
  if ((reader.Take<std::uint32_t>() & kCriticalFlags) != 0) {
    return Break("its header has a flag that is not known");
  }
  const std::size_t more = reader.Take<std::uint32_t>();
  if (more > limits::kPostgresqlMaxCopyHeaderBytes) return Break("its header is too long");
  if (!Keep(kFixedHeaderBytes + more)) return Event::kNeedsMore;
  DropKept();
  state_ = State::kRows;
  return ReadRow();
}

CopyStream::Scan CopyStream::ScanRow(const char* bytes, std::size_t size) {
  if (scanned_ == 0) {
    needed_ = sizeof(std::int16_t);
    if (size < needed_) return Scan::kPart;
    const auto fields = LoadBigEndian<std::int16_t>(bytes);
    if (fields == -1) return Scan::kTrailer;
    if (fields < 0 || static_cast<std::size_t>(fields) != columns_) return Scan::kBroken;
    scanned_ = needed_;
    fields_ = 0;
  }
  for (; fields_ < columns_; ++fields_) {
    const std::size_t begin = scanned_ + kLengthBytes;
    needed_ = begin;
    if (size < needed_) return Scan::kPart;
    const auto length = LoadBigEndian<std::int32_t>(bytes + scanned_);
    if (length < -1) return Scan::kBroken;
    needed_ += static_cast<std::size_t>(std::max(length, 0));
    if (needed_ > max_row_bytes_) return Scan::kTooLarge;
    if (size < needed_) return Scan::kPart;
    row_.fields_[fields_] = {.begin = static_cast<std::uint32_t>(begin), .size = length};
    scanned_ = needed_;
  }
  return Scan::kWhole;
}

CopyStream::Event CopyStream::ReadRow() {
  if (row_is_kept_) {
    DropKept();
    row_is_kept_ = false;
  }
  for (;;) {
    const bool in_chunk = kept_.empty();
    const char* const bytes = in_chunk ? rest_.data() : kept_.data();
    switch (ScanRow(bytes, in_chunk ? rest_.size() : kept_.size())) {
      case Scan::kWhole:
        row_.bytes_ = bytes;
        if (in_chunk) rest_.remove_prefix(scanned_);
        row_is_kept_ = !in_chunk;
        scanned_ = 0;
        return Event::kRow;
      case Scan::kPart:
        if (!Keep(needed_)) return Event::kNeedsMore;
        break;
      case Scan::kTooLarge:
        // Its length was the last that was taken.
        if (in_chunk) rest_.remove_prefix(scanned_ + kLengthBytes);
        DropKept();
        to_skip_ = needed_ - scanned_ - kLengthBytes;
        ++fields_;
        scanned_ = 0;
        state_ = State::kPassingOver;
        return PassOver();
      case Scan::kTrailer:
        if (in_chunk) rest_.remove_prefix(sizeof(std::int16_t));
        DropKept();
        state_ = State::kEnded;
        return End();
      case Scan::kBroken:
        return Break("a row does not have the table's columns");
    }
  }
}

CopyStream::Event CopyStream::PassOver() {
  for (;;) {
    const std::size_t skipped = std::min(to_skip_, rest_.size());
    rest_.remove_prefix(skipped);
    to_skip_ -= skipped;
    if (to_skip_ > 0) return Event::kNeedsMore;
    if (fields_ == columns_) break;
    if (!Keep(kLengthBytes)) return Event::kNeedsMore;
    const auto length = LoadBigEndian<std::int32_t>(kept_.data());
    kept_.clear();
    if (length < -1) return Break("a row does not have the table's columns");
    to_skip_ = static_cast<std::size_t>(std::max(length, 0));
    ++fields_;
  }
  state_ = State::kRows;
  return Event::kRowTooLarge;
}

CopyStream::Event CopyStream::End() {
  return rest_.empty() ? Event::kEnd : Break("something follows its trailer");
}

}  // namespace tributary::postgresql
