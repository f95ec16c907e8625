#include "worker/sources/postgresql/log_lag.h"

#include <algorithm>

namespace tributary::postgresql {

void LogLag::Note(Lsn end, std::int64_t now) {
  if (ends_.size() >= kNotes) {
    // The oldest stays: it is the one that says how old the lag is.
    std::size_t kept = 1;
    for (std::size_t i = 2; i < ends_.size(); i += 2) ends_[kept++] = ends_[i];
    ends_.resize(kept);
  }
  ends_.push_back({end, now});
}

std::int64_t LogLag::Microseconds(Lsn read, std::int64_t now) {
  while (!ends_.empty() && ends_.front().end <= read) {
    ends_.pop_front();
    first_ = false;
  }
  if (ends_.empty()) return 0;
  std::int64_t since = ends_.front().at;
  if (first_ && committed_ != 0) since = std::min(since, committed_);
  return std::max<std::int64_t>(now - since, 0);
}

}  // namespace tributary::postgresql
