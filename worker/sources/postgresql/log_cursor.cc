#include "worker/sources/postgresql/log_cursor.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

absl::Status OutOfOrder(absl::string_view what) {
  return absl::DataLossError(absl::StrCat(
      "follow the log: ", what, "; sync again, and report the server's version if it stays so"));
}

}  // namespace

absl::Status LogCursor::Begin(const PgoutputMessage& message) {
  if (in_transaction()) return OutOfOrder("a transaction begins within another one");
  if (message.final_lsn == 0) return OutOfOrder("a transaction begins without its final LSN");
  final_ = message.final_lsn;
  change_ = 0;
  ordinal_ = 0;
  return absl::OkStatus();
}

absl::Status LogCursor::Commit(const PgoutputMessage& message) {
  if (final_ != message.final_lsn) return OutOfOrder("a commit is not of the open transaction");
  // Its end is behind its own record, and so behind each change.
  if (message.end_lsn < final_ || message.end_lsn < place_.commit ||
      (place_.final != 0 && message.end_lsn == place_.commit)) {
    return OutOfOrder("a commit is before the one before it");
  }
  place_ = {.commit = message.end_lsn};
  final_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<bool> LogCursor::Take(const PgoutputMessage& message, Lsn start) {
  using Type = PgoutputMessage::Type;
  // The transaction that the state was inside of, up to where it had come.
  const auto is_covered = [this, start] {
    return final_ == covered_.final &&
           std::tie(start, ordinal_) <= std::tie(covered_.change, covered_.ordinal);
  };
  switch (message.type) {
    case Type::kBegin: {
      const absl::Status begun = Begin(message);
      if (!begun.ok()) return begun;
      return true;
    }
    case Type::kCommit: {
      const absl::Status committed = Commit(message);
      if (!committed.ok()) return committed;
      return true;
    }
    case Type::kInsert:
    case Type::kUpdate:
    case Type::kDelete:
    case Type::kTruncate:
      if (!in_transaction()) return OutOfOrder("a change is outside of any transaction");
      if (start < change_) return OutOfOrder("a change is before the one before it");
      change_ = start;
      ++ordinal_;
      if (is_covered()) return false;
      place_ = {.commit = place_.commit, .final = final_, .change = change_, .ordinal = ordinal_};
      return true;
    case Type::kMessage:
      return !in_transaction() || !is_covered();
    default:
      return true;
  }
}

void LogCursor::TakeKeepalive(Lsn end) {
  // Between transactions there is nothing left before it, unless a transaction that the
  // state was inside of is still to come.
  if (in_transaction() || place_.final != 0) return;
  place_.commit = std::max(place_.commit, end);
}

std::uint64_t WholeTransaction(std::uint32_t transaction, std::uint64_t near) {
  const auto distance = static_cast<std::int32_t>(transaction - static_cast<std::uint32_t>(near));
  return near + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
}

}  // namespace tributary::postgresql
