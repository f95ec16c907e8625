// The part of LogStream for tables that join the log, and what their slices wait for.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/sources/postgresql/log_publication.h"
#include "worker/sources/postgresql/log_slot.h"
#include "worker/sources/postgresql/log_stream.h"

namespace tributary::postgresql {
namespace {

using std::chrono::steady_clock;

// Slices that wait for older transactions: how often the log names these, and when a Warning does.
constexpr std::chrono::seconds kWaitingLoggedEvery{10};
constexpr std::chrono::seconds kWarnOfWaitingAfter{60};
// Running transactions that the start snapshots of all tables may list together: so many fit into a
// state.
constexpr std::size_t kMostRunningInStarts = 500'000;

}  // namespace

absl::Status LogStream::JoinAll() {
  auto view = TakeView(session_);
  if (!view.ok()) return view.status();
  view_ = *std::move(view);
  // Before the snapshot, so that no state has what was copied from one history, and the other's
  // life.
  LoseCopiesOfOtherHistory();
  writer_.Snapshot(view_.snapshot, view_.life);
  TellPosition();
  const bool new_life = following_.life != view_.life;
  following_.life = view_.life;
  std::vector<LogTable*> joining;
  bool waits = false;
  for (auto& [number, table] : following_.tables) {
    by_oid_[table.access.oid] = &table;
    any_partitioned_ = any_partitioned_ || table.access.partitioned();
    if (table.lost) continue;
    if (table.told.live()) {
      table.joined = true;
      continue;
    }
    // After a crash the next number may be lower. What has a number by now may run on: transactions
    // that were prepared survive.
    table.told.set_whole_from(std::min(table.told.whole_from(), view_.snapshot.none_from));
    if (new_life && table.told.has_start()) SetSeen(BeforeAll(), *table.told.mutable_start());
    if (!table.joins_later()) {
      joining.push_back(&table);
      continue;
    }
    // Until then, its changes are sent as those of a live table.
    table.start = BeforeAll();
    table.joined = true;
    waits = true;
  }
  if (waits) {
    auto mark = WriteMark("join");
    if (!mark.ok()) return mark.status();
    join_mark_ = *std::move(mark);
  }
  return Join(joining);
}

absl::Status LogStream::JoinLater() {
  join_seen_ = false;
  join_mark_.clear();
  std::vector<LogTable*> joining;
  for (auto& [number, table] : following_.tables) {
    if (table.joined && table.joins_later()) joining.push_back(&table);
  }
  return Join(joining);
}

void LogStream::LoseCopiesOfOtherHistory() {
  if (following_.life.empty() || TimelineOf(following_.life) == TimelineOf(view_.life)) return;
  for (auto& [number, table] : following_.tables) {
    if (table.lost || table.told.live() || table.told.whole_from() == 0) continue;
    Lose(table, absl::NotFoundError("another server became the primary, and may lack rows that "
                                    "were copied"));
  }
}

absl::Status LogStream::Join(const std::vector<LogTable*>& tables) {
  if (tables.empty()) return absl::OkStatus();
  const auto whole_from = TakeTransactionNumber(session_);
  if (!whole_from.ok()) return whole_from.status();
  const auto view = TakeView(session_);
  if (!view.ok()) return view.status();
  const auto rows = session_.Query(
      absl::StrCat("SELECT c.oid, ", ContentSql(session_.server_version()), " FROM pg_class c",
                   PublicationJoinSql(session_.server_version(), settings_.publication),
                   kContentJoinSql, " WHERE c.oid IN (",
                   absl::StrJoin(tables, ",",
                                 [](std::string* out, const LogTable* table) {
                                   absl::StrAppend(out, table->access.oid);
                                 }),
                   ")"),
      "look at the tables that join the log");
  if (!rows.ok()) return rows.status();
  std::unordered_map<std::int64_t, std::string> contents;
  for (int row = 0; row < rows->size(); ++row) contents[rows->number(row, 0)] = rows->text(row, 1);
  // The copy of these begins here, so it may as well have what is new.
  std::vector<LogTable*> not_begun;
  std::copy_if(tables.begin(), tables.end(), std::back_inserter(not_begun),
               [](const LogTable* table) { return !table->told.has_start(); });
  const absl::Status added = AddColumns(not_begun, /*copy_begins=*/true);
  if (!added.ok()) return added;
  for (LogTable* const table : tables) {
    FollowedTable& told = table->told;
    Joined joined;
    // What is known already is that of slices which were read before.
    if (told.whole_from() == 0) {
      told.set_whole_from(*whole_from);
      joined.set_content(contents[table->access.oid]);
    }
    if (!told.has_start()) {
      // Each table's is in the state. Longer ones would make that too large, so the copy gets
      // changes that it has. It must get all of them: one that was left out may be newer than
      // another one.
      const bool is_long =
          view->snapshot.except.size() * following_.tables.size() > kMostRunningInStarts;
      SetSeen(is_long ? BeforeAll() : view->snapshot, *told.mutable_start());
    }
    auto start = ToSnapshot(told.start());
    if (!start.ok()) return start.status();
    table->start = *std::move(start);
    table->joined = true;
    joined.set_table(told.table());
    joined.set_revision(told.revision());
    joined.set_whole_from(told.whole_from());
    *joined.mutable_start() = told.start();
    writer_.Joined(joined);
  }
  return absl::OkStatus();
}

absl::Status LogStream::LookForOlder() {
  std::uint64_t whole_from = 0;
  for (const auto& [number, table] : following_.tables) {
    if (table.joined && !table.told.live()) {
      whole_from = std::max(whole_from, table.told.whole_from());
    }
  }
  bool waits = whole_from > 0;
  if (waits) {
    const auto rows = session_.Query(
        absl::StrCat("SELECT pg_snapshot_xmin(pg_current_snapshot()) < '", whole_from, "'"),
        "look for older transactions");
    if (!rows.ok()) return rows.status();
    waits = rows->truth(0, 0);
  }
  if (!waits) {
    waiting_since_.reset();
    return absl::OkStatus();
  }
  const auto now = steady_clock::now();
  if (!waiting_since_.has_value()) waiting_since_ = now;
  if (now - waiting_logged_ < kWaitingLoggedEvery) return absl::OkStatus();
  waiting_logged_ = now;
  const std::string text = absl::StrCat(
      "The copy of tables that are new in the log waits for transactions that ran before: ",
      OldestTransactions(session_));
  options_.log.Info("slices wait for older transactions", {{log_key::kError, text}});
  if (now - *waiting_since_ >= kWarnOfWaitingAfter && !std::exchange(warned_of_waiting_, true)) {
    writer_.Remark(text);
  }
  return absl::OkStatus();
}

}  // namespace tributary::postgresql
