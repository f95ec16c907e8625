#include "worker/sources/sqlite/turns.h"

#include <algorithm>
#include <utility>

namespace tributary::sqlite {

absl::StatusOr<bool> Turns::Begin(bool same_version) {
  auto version = connection_.Begin();
  if (!version.ok()) return version.status();
  began_ = Clock::now();
  open_ = true;
  if (version_.empty() || (may_differ_ && !same_version && holds_up_commits())) {
    version_ = *std::move(version);
  } else if (version_ != *version) {
    const absl::Status ended = End();
    if (!ended.ok()) return ended;
    return false;
  }
  return true;
}

absl::Status Turns::End() {
  if (!open_) return failed_;
  if (in_one_piece_ && holds_up_commits()) longest_ = std::max(longest_, Clock::now() - began_);
  open_ = false;
  failed_.Update(connection_.End());
  return failed_;
}

std::chrono::seconds Turns::commits_waited() const {
  return longest_ > limits::kSqliteTurn ? std::chrono::ceil<std::chrono::seconds>(longest_)
                                        : std::chrono::seconds(0);
}

}  // namespace tributary::sqlite
