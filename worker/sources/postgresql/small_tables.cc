#include "worker/sources/postgresql/small_tables.h"

#include <algorithm>
#include <utility>

namespace tributary::postgresql {
namespace {

// A table that is followed by the log and read as one slice. Others go on behind a mark if their
// transaction ends, or have no snapshot of their own.
std::optional<Access> FollowedWhole(const ReadAssignment& assignment) {
  auto access = ParseAccess(assignment.access());
  if (!access.ok() || !IsWholeTable(assignment, *access) || assignment.whole_from() == 0) {
    return std::nullopt;
  }
  return *std::move(access);
}

}  // namespace

std::optional<SliceView> SmallTables::Take(const ReadAssignment& assignment, const Access& access) {
  const auto found = views_.find(access.oid);
  const bool is_open = session_.open() && session_.connection_number() == connection_;
  if (found != views_.end() && is_open && IsWholeTable(assignment, access)) {
    SliceView view = std::move(found->second);
    views_.erase(found);
    return view;
  }
  End();
  if (alone_ > 0) {
    --alone_;
    return std::nullopt;
  }
  if (!Begin(assignment)) return std::nullopt;
  return Take(assignment, access);
}

bool SmallTables::Begin(const ReadAssignment& first) {
  std::vector<const ReadAssignment*> tables{&first};
  tables.insert(tables.end(), next_.begin(), next_.end());
  std::vector<Access> accesses;
  for (const ReadAssignment* const table : tables) {
    const auto access = FollowedWhole(*table);
    const bool again = access.has_value() &&
                       std::any_of(accesses.begin(), accesses.end(),
                                   [&access](const Access& one) { return one.oid == access->oid; });
    if (!access.has_value() || again) break;
    accesses.push_back(*access);
  }
  tables.resize(accesses.size());
  if (tables.size() < 2) return false;
  auto views = LockAndLookAtAll(session_, tables, accesses, life_);
  if (views.ok()) {
    connection_ = session_.connection_number();
    for (std::size_t i = 0; i < tables.size(); ++i) {
      auto& view = (*views)[i];
      if (view.has_value() && view->bytes <= kSmallTableBytes) {
        views_.emplace(accesses[i].oid, *std::move(view));
      }
    }
  }
  if (views_.contains(accesses.front().oid)) return true;
  // The others may be small, and no other table holds them up.
  alone_ = views.ok() ? 0 : tables.size() - 1;
  Forget();
  if (session_.open()) session_.End();
  return false;
}

void SmallTables::End() {
  if (views_.empty()) return;
  Forget();
  if (session_.open() && session_.connection_number() == connection_) session_.End();
}

}  // namespace tributary::postgresql
