#include "worker/sources/postgresql/log_flush.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "worker/sources/postgresql/server_view.h"
#include "worker/wait.h"

namespace tributary::postgresql {
namespace {

constexpr std::chrono::milliseconds kPatience{20};
constexpr std::chrono::seconds kLongPatience{30};
constexpr std::chrono::milliseconds kBetweenLooks{4};
// Of one slice, before the long wait.
constexpr int kShortWaits = 6;

}  // namespace

void LogFlush::AskFirst() {
  if (!asks_first_) return;
  const absl::Status written = WriteMessage(session_, "flush");
  if (written.ok()) return;
  if (session_.open()) session_.End();
  // The role may not; the server does it by itself, later.
  if (!absl::IsUnavailable(written)) asks_first_ = may_ask_ = false;
}

absl::StatusOr<bool> LogFlush::Await(const SliceView& view, int tries) {
  if (view.snapshot_text == flushed_snapshot_) return true;
  const bool is_short = may_ask_ && tries < kShortWaits;
  const std::string sql = absl::StrCat("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn >= ",
                                       view.opened.bound().commit());
  Patience patience(pulse_, is_short ? kPatience : kLongPatience, kBetweenLooks);
  for (bool flushed = view.is_flushed; !flushed;) {
    const auto rows = session_.Query(sql, "look whether what a slice sees is on the server's disk");
    if (!rows.ok()) return rows.status();
    flushed = rows->truth(0, 0);
    if (flushed || patience.Wait()) continue;
    asks_first_ = may_ask_;
    return false;
  }
  flushed_snapshot_ = view.snapshot_text;
  // Asking was no help.
  if (!is_short) asks_first_ = may_ask_ = false;
  return true;
}

}  // namespace tributary::postgresql
