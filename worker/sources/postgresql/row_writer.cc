#include "worker/sources/postgresql/row_writer.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

// What may stay allocated after a large value.
constexpr std::size_t kKeptScratchBytes = 4 * limits::kMiB;

}  // namespace

RowWriter::RowWriter(std::string table, std::vector<Column> columns)
    : table_(std::move(table)), columns_(std::move(columns)), counts_(columns_.size()) {
  for (const Column& column : columns_) copied_.push_back(column.type.copied.get());
}

RowWriter::Result RowWriter::Note(Decoded decoded, std::size_t column, const TypePlan& plan) {
  const bool no_counterpart = decoded == Decoded::kNotANumber || decoded == Decoded::kInfinite ||
                              decoded == Decoded::kOutOfRange;
  if (columns_[column].key && no_counterpart) {
    no_key_ = column;
    return Result::kNoKey;
  }
  if (!IsFailure(decoded)) {
    ++counts_[column][static_cast<std::size_t>(decoded)];
    noted_ = true;
    return Result::kWritten;
  }
  if (decoded == Decoded::kTooLarge) {
    if (scratch_.capacity() > kKeptScratchBytes) std::string().swap(scratch_);
    return Result::kTooLarge;
  }
  const std::string subject = absl::StrCat("read table ", table_, ", column ",
                                           columns_[column].name, " of type ", plan.name);
  failure_ = decoded == Decoded::kStale
                 ? absl::NotFoundError(absl::StrCat(
                       subject, ": the type was altered; its columns are looked up again"))
                 : absl::DataLossError(absl::StrCat(
                       subject,
                       ": the server sent bytes that are not a value of the type; exclude the "
                       "column, and report the server's version and the type"));
  return Result::kFailed;
}

RowWriter::Result RowWriter::FailAsText(std::size_t column) {
  failure_ = absl::DataLossError(absl::StrCat(
      "follow table ", table_, ", column ", columns_[column].name,
      ": the log has its value as text though binary was asked for; sync again, and report the "
      "server's version if it stays so"));
  return Result::kFailed;
}

bool RowWriter::NeedsLiteral(std::string_view text) {
  constexpr std::string_view kLiteral = "CAST(x'";
  return text.substr(0, kLiteral.size()) == kLiteral || !IsUtf8(text);
}

std::string RowWriter::Hex(std::string_view bytes) {
  return absl::AsciiStrToUpper(
      absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size())));
}

void RowWriter::CountLeftOut() {
  ++counts_[no_key_][static_cast<std::size_t>(Decoded::kNoKey)];
  noted_ = true;
}

std::vector<RowWriter::Remark> RowWriter::TakeRemarks() {
  std::vector<Remark> remarks;
  if (!std::exchange(noted_, false)) return remarks;
  for (std::size_t column = 0; column < counts_.size(); ++column) {
    for (std::size_t what = 0; what < kKinds; ++what) {
      const std::uint64_t values = std::exchange(counts_[column][what], 0);
      if (values == 0) continue;
      remarks.push_back({.what = static_cast<Decoded>(what), .column = column, .values = values});
    }
  }
  return remarks;
}

}  // namespace tributary::postgresql
