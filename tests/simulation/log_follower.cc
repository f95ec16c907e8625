#include "tests/simulation/log_follower.h"

#include <algorithm>
#include <utility>

#include "supervisor/sync/follow.h"

namespace tributary::simulation {
namespace {

constexpr std::size_t kMostRecords = 3;

}  // namespace

LogFollower::LogFollower(World& world, LoggedSource& source, LogRules& rules, Ring& ring,
                         const FollowAssignment& follow)
    : world_(world),
      random_(world.random()),
      source_(source),
      rules_(rules),
      ring_(ring),
      follow_(follow),
      life_(source.life()) {
  PutSnapshot(source_.TakeSnapshot());
  for (const FollowedTable& table : follow_.tables()) {
    tables_[table.table()].told = table;
    if (!table.live()) to_join_.push_back(table.table());
  }
}

void LogFollower::Take(const FollowOrder& order) {
  if (order.finish()) finish_at_ = source_.WriteMessage();
  if (order.has_live()) tables_.at(order.live()).told.set_live(true);
  if (!order.has_restart()) return;
  tables_[order.restart().table()].told = order.restart();
  to_join_.push_back(order.restart().table());
}

void LogFollower::Step() {
  if (source_.life() != life_) return ring_.PutLostConnection();
  if (ring_.is_full()) return;
  if (!connected_ && !Connect()) return;
  if (!to_join_.empty()) return Join();
  const auto next =
      std::find_if(source_.log().begin(), source_.log().end(),
                   [this](const LoggedTransaction& one) { return one.end > position_.commit; });
  if (ring_.is_to_pause() && (next == source_.log().end() || !OneIn(random_, 8))) {
    Flush();
    PutPosition();
    return End(AssignmentEnd::PAUSED);
  }
  if (next != source_.log().end()) return HandOut(*next);
  if (!batch_.empty()) Flush();
}

bool LogFollower::Connect() {
  if (ring_.is_to_pause()) {
    End(AssignmentEnd::PAUSED);
    return false;
  }
  if (!source_.Keep()) return false;
  position_ = follow_.has_from() ? ToLogPosition(follow_.from())
                                 : LogPosition{.commit = *source_.kept_from()};
  if (position_.commit < *source_.kept_from()) {
    world_.Break("the source's log was released before it was confirmed");
    return false;
  }
  source_.Release(ToLogPosition(follow_.confirmed()).commit);
  connected_ = true;
  return true;
}

void LogFollower::Join() {
  Followed& table = tables_.at(to_join_.front());
  to_join_.pop_front();
  Flush();
  std::uint64_t whole_from = table.told.whole_from();
  Snapshot start = *ToSnapshot(table.told.start());
  whole_from = std::min(whole_from, source_.TakeSnapshot().none_from);
  if (whole_from == 0) whole_from = source_.TakeUp(table.told.table_name());
  if (!table.told.has_start()) start = source_.TakeSnapshot();
  if (follow_.life() != life_ && table.told.has_start()) start = BeforeAll();
  if (rules_.left_out == Rule::kWholeFrom) whole_from = kBeforeAllTransactions;
  table.start = start;
  table.joined = true;
  LogReport report;
  Joined& joined = *report.mutable_joined();
  joined.set_table(table.told.table());
  joined.set_revision(table.told.revision());
  joined.set_whole_from(whole_from);
  SetSeen(start, *joined.mutable_start());
  ring_.PutReport(report);
}

// --- transactions ------------------------------------------------------------

void LogFollower::HandOut(const LoggedTransaction& transaction) {
  if (handed_out_) return Pass(transaction);
  if (announced_.erase(transaction.end) == 0 && Matters(transaction)) {
    if (!MakesVisible(transaction.number)) {
      if (!world_.faults().source_changes || !OneIn(random_, 200)) return;
      rules_.ended_early = true;
      return End(AssignmentEnd::EARLY);
    }
    Flush();
    Announce(transaction);
  }
  handed_out_ = true;
  change_ = 0;
}

void LogFollower::Announce(const LoggedTransaction& transaction) {
  LogReport report;
  report.set_transaction(transaction.number);
  ring_.PutReport(report);
  for (const LoggedTransaction& next : source_.log()) {
    if (next.end <= transaction.end || !Matters(next)) continue;
    if (!visible_.Sees(next.number) || OneIn(random_, 2)) return;
    report.set_transaction(next.number);
    ring_.PutReport(report);
    announced_.insert(next.end);
  }
}

bool LogFollower::Matters(const LoggedTransaction& transaction) {
  return std::any_of(transaction.changes.begin(), transaction.changes.end(),
                     [&](const LoggedChange& one) { return !IsLeftOut(transaction, one); });
}

bool LogFollower::MakesVisible(std::uint64_t number) {
  if (visible_.Sees(number)) return true;
  Snapshot now = source_.TakeSnapshot();
  if (rules_.left_out == Rule::kVisible) {
    rules_.early.insert(number);
    std::erase_if(now.except, [this](std::uint64_t one) { return rules_.early.contains(one); });
  }
  if (!now.Sees(number)) return false;
  Flush();
  PutSnapshot(now);
  return true;
}

void LogFollower::Pass(const LoggedTransaction& transaction) {
  const auto place = [&] {
    return LogPosition{position_.commit, transaction.final,
                       change_ == 0 ? 0 : transaction.changes[change_ - 1].lsn, change_};
  };
  while (change_ < transaction.changes.size()) {
    const LoggedChange& change = transaction.changes[change_++];
    const bool covered = position_.final == transaction.final && change_ <= position_.ordinal;
    if (covered || IsLeftOut(transaction, change)) continue;
    Translate(transaction, change);
    if (batch_.size() >= kMostRecords || OneIn(random_, 3)) {
      Flush();
      if (OneIn(random_, 2)) {
        position_ = place();
        PutPosition();
      }
      return;
    }
  }
  handed_out_ = false;
  position_ = {.commit = transaction.end};
  const bool finished = finish_at_.has_value() && transaction.end >= *finish_at_;
  if (finished || OneIn(random_, 2)) {
    Flush();
    PutPosition();
  }
  if (finished) End(AssignmentEnd::DONE);
}

LogFollower::Followed* LogFollower::Find(const std::string& name) {
  for (auto& [number, table] : tables_) {
    if (table.told.table_name() == name) return &table;
  }
  return nullptr;
}

bool LogFollower::IsLeftOut(const LoggedTransaction& transaction, const LoggedChange& change) {
  Followed* const table = Find(change.table);
  if (table == nullptr || !change.in_log) return true;
  if (table->told.live()) return false;
  if (rules_.left_out == Rule::kOldestSnapshot && !std::exchange(table->start_was_moved, true)) {
    table->start = source_.TakeSnapshot();
  }
  return table->start.Sees(transaction.number);
}

// --- changes -----------------------------------------------------------------

void LogFollower::Translate(const LoggedTransaction&, const LoggedChange& change) {
  Followed& table = *Find(change.table);
  LogReport report;
  switch (change.what) {
    case LoggedChange::What::kInsert:
      batch_.push_back(
          {Change::What::kUpsert, change.table, change.key, *Whole(table, change.row)});
      break;
    case LoggedChange::What::kUpdate:
      TranslateUpdate(table, change);
      break;
    case LoggedChange::What::kDelete:
      batch_.push_back({Change::What::kDelete, change.table, change.key});
      break;
    case LoggedChange::What::kTruncate:
      batch_.push_back({Change::What::kTruncate, change.table});
      break;
    case LoggedChange::What::kAddColumn: {
      auto& columns = *table.told.mutable_columns();
      if (std::none_of(columns.begin(), columns.end(),
                       [](const auto& column) { return column.name() == kAddedColumn; })) {
        auto& added = *columns.Add();
        added.set_name(kAddedColumn);
        added.set_type(fivetran_sdk::v2::LONG);
      }
      report.mutable_changed()->set_table(table.told.table());
      *report.mutable_changed()->mutable_columns() = columns;
      Flush();
      ring_.PutReport(report);
      break;
    }
    case LoggedChange::What::kLost:
      report.set_lost(table.told.table());
      Flush();
      ring_.PutReport(report);
      break;
  }
}

std::optional<Row> LogFollower::Whole(const Followed& table, const Row& row) {
  Row whole;
  for (const auto& column : table.told.columns()) {
    const auto value = row.find(column.name());
    if (value == row.end() && column.name() == kLargeColumn) return std::nullopt;
    whole[column.name()] = value == row.end() ? "null" : value->second;
  }
  return whole;
}

void LogFollower::TranslateUpdate(Followed& table, const LoggedChange& change) {
  const std::string& key = change.row.at(kKeyColumn);
  const bool key_changes = key != change.key;
  if (key_changes) batch_.push_back({Change::What::kDelete, change.table, change.key});
  if (const auto whole = Whole(table, change.row)) {
    batch_.push_back({Change::What::kUpsert, change.table, key, *whole});
    return;
  }
  if (!key_changes && (table.told.live() || rules_.left_out == Rule::kReadingAgain)) {
    Row kept = change.row;
    // The column is added, so that the row is complete.
    kept[kLargeColumn];
    Row row = *Whole(table, kept);
    row.erase(kLargeColumn);
    batch_.push_back({Change::What::kUpdate, change.table, key, row});
    return;
  }
  PutAgain(table, key);
}

void LogFollower::PutAgain(const Followed& table, const std::string& key) {
  const auto row = source_.Find(table.told.table_name(), key);
  if (!row.has_value()) return;
  batch_.push_back({Change::What::kUpsert, table.told.table_name(), key, *Whole(table, *row)});
}

// --- the ring ----------------------------------------------------------------

void LogFollower::PutSnapshot(const Snapshot& snapshot) {
  visible_ = snapshot;
  LogReport report;
  *report.mutable_snapshot()->mutable_snapshot() = ToProto(snapshot);
  report.mutable_snapshot()->set_life(life_);
  ring_.PutReport(report);
}

void LogFollower::PutPosition() {
  LogReport report;
  *report.mutable_position() = ToLogPlace(position_);
  ring_.PutReport(report);
}

void LogFollower::Flush() {
  if (!batch_.empty()) ring_.PutChanges(std::exchange(batch_, {}));
}

void LogFollower::End(AssignmentEnd::Outcome outcome) {
  AssignmentEnd end;
  end.set_outcome(outcome);
  ring_.PutEnd(end);
}

}  // namespace tributary::simulation
