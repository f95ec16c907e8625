// How the two lanes of a source with a log handle a worker's reports, without workers.
#include "supervisor/sync/log_lane.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/request/columns_digest.h"
#include "supervisor/sync/copy_lane.h"

namespace tributary {
namespace {

constexpr char kLife[] = "life 1";
constexpr char kNextLife[] = "life 2";

google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> Columns(
    const std::vector<std::string>& names) {
  google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> columns;
  for (const std::string& name : names) {
    auto& column = *columns.Add();
    column.set_name(name);
    column.set_type(fivetran_sdk::v2::LONG);
    column.set_primary_key(columns.size() == 1);
  }
  return columns;
}

TableToCopy TableWithLog() {
  TableToCopy table;
  table.name = {"main", "t"};
  table.columns = Columns({"id", "a"});
  table.columns_digest = ColumnsDigest(table.columns);
  table.method = Method::kLog;
  table.content = "content 1";
  return table;
}

// A sync of one table; another worker follows the log.
class LogLaneTest : public ::testing::Test {
 protected:
  void Begin(TableToCopy table = TableWithLog()) {
    const bool copies =
        table.phase == course::Phase::kPending || table.phase == course::Phase::kCopying;
    std::vector<TableToCopy> one{std::move(table)};
    scheduler_ =
        copies ? std::make_unique<Scheduler>(std::move(one), state_)
               : std::make_unique<Scheduler>(std::vector<TableToCopy>(), std::move(one), state_);
    copies_ = std::make_unique<CopyLane>(*scheduler_, requests_, Logger(), &gate_);
    log_ = std::make_unique<LogLane>(*scheduler_, state_, LogPosition{.commit = 5}, gate_, *copies_,
                                     requests_, Logger());
  }

  FollowAssignment Follow() { return log_->Next()->assignment.follow(); }

  void TakeSnapshot(const std::string& life, std::uint64_t all_before) {
    LogReport report;
    report.mutable_snapshot()->set_life(life);
    *report.mutable_snapshot()->mutable_snapshot() = Seen(all_before);
    EXPECT_FALSE(log_->Logged(0, report).broken());
  }

  Verdict TryToJoin(std::uint32_t revision, std::uint64_t whole_from, std::uint64_t start) {
    LogReport report;
    report.mutable_joined()->set_revision(revision);
    report.mutable_joined()->set_whole_from(whole_from);
    *report.mutable_joined()->mutable_start() = Seen(start);
    return log_->Logged(0, report);
  }

  void Join(std::uint32_t revision, std::uint64_t whole_from, std::uint64_t start) {
    Verdict verdict = TryToJoin(revision, whole_from, start);
    if (verdict.later()) verdict = TryToJoin(revision, whole_from, start);
    EXPECT_FALSE(verdict.broken() || verdict.later());
  }

  void Lose() {
    LogReport report;
    report.set_lost(0);
    EXPECT_FALSE(log_->Logged(0, report).broken());
  }

  // The table has joined in this life of the server, and is going to be cut.
  void BeginJoined() {
    Begin();
    Follow();
    TakeSnapshot(kLife, 100);
    Join(1, 90, 95);
  }

  void Change(const std::vector<std::string>& columns) {
    LogReport report;
    *report.mutable_changed()->mutable_columns() = Columns(columns);
    EXPECT_FALSE(log_->Logged(0, report).broken());
  }

  void Pass(std::uint64_t commit) {
    LogReport report;
    report.mutable_position()->set_commit(commit);
    EXPECT_FALSE(log_->Logged(0, report).broken());
  }

  // The table is cut into one slice; returns the order to read it.
  std::optional<Order> Cut() {
    const std::optional<Order> cut = copies_->Next();
    if (!cut.has_value()) return std::nullopt;
    EXPECT_EQ(cut->kind, Order::Kind::kQuestion);
    Answer answer;
    answer.mutable_slices()->add_tables()->add_slices();
    EXPECT_FALSE(copies_->Answered(cut->ticket, answer).broken());
    End(cut->ticket, AssignmentEnd::DONE);
    return copies_->Next();
  }

  void Open(std::uint64_t ticket, const std::string& life, std::uint64_t all_before,
            std::uint64_t bound = 0) {
    Opened opened;
    opened.set_content("content 1");
    opened.set_life(life);
    *opened.mutable_snapshot() = Seen(all_before);
    opened.mutable_bound()->set_commit(bound);
    EXPECT_FALSE(copies_->Opened(ticket, opened).broken());
  }

  void End(std::uint64_t ticket, AssignmentEnd::Outcome outcome) {
    AssignmentEnd end;
    end.set_outcome(outcome);
    EXPECT_FALSE(copies_->Ended(ticket, end).broken());
  }

  void Finish(std::uint64_t ticket) {
    EXPECT_FALSE(copies_->Marked(ticket, Mark()).broken());
    End(ticket, AssignmentEnd::DONE);
  }

  void EndLog(AssignmentEnd::Outcome outcome) {
    AssignmentEnd end;
    end.set_outcome(outcome);
    EXPECT_FALSE(log_->Ended(0, end).broken());
  }

  static SeenTransactions Seen(std::uint64_t all_before) {
    SeenTransactions seen;
    seen.set_all_before(all_before);
    seen.set_none_from(all_before);
    return seen;
  }

  void SetEntry(Phase phase) {
    Entry().phase = phase;
    Entry().method = Method::kLog;
    Entry().content = "content 1";
  }
  TableState& Entry() { return state_.tables[{"main", "t"}]; }

  State state_;
  Requests requests_;
  Gate gate_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<CopyLane> copies_;
  std::unique_ptr<LogLane> log_;
};

TEST_F(LogLaneTest, LogIsReleasedOnlyToTheStateThatCameBack) {
  state_.log_position.commit = 9;
  Begin();
  const FollowAssignment follow = Follow();
  EXPECT_EQ(follow.from().commit(), 9u);
  EXPECT_EQ(follow.confirmed().commit(), 5u);
}

TEST_F(LogLaneTest, NextWorkerKeepsTheStartThatSlicesMayHaveBeenReadAfter) {
  BeginJoined();
  const auto read = Cut();
  ASSERT_TRUE(read.has_value());
  log_->Returned(0, true, "killed");
  const FollowAssignment follow = Follow();
  EXPECT_EQ(follow.tables(0).whole_from(), 90u);
  EXPECT_EQ(follow.tables(0).start().all_before(), 95u);
}

TEST_F(LogLaneTest, NextWorkerKeepsTheStartOfATableThatIsBeingCut) {
  BeginJoined();
  const std::optional<Order> cut = copies_->Next();
  ASSERT_TRUE(cut.has_value());
  log_->Returned(0, true, "killed");
  EXPECT_EQ(Follow().tables(0).start().all_before(), 95u);
}

TEST_F(LogLaneTest, ServerThatCrashedMakesItsNumbersWorthless) {
  state_.log_life = kLife;
  TableToCopy table = TableWithLog();
  table.phase = course::Phase::kCopying;
  SetEntry(Phase::kCopying);
  Entry().whole_from = 90;
  Entry().start = {.all_before = 95, .none_from = 95, .except = {}};
  Begin(std::move(table));
  const FollowAssignment follow = Follow();
  EXPECT_EQ(follow.life(), kLife);
  EXPECT_EQ(follow.tables(0).start().all_before(), 95u);
  TakeSnapshot(kNextLife, 92);
  // A state may be saved now, before the table has joined again.
  EXPECT_EQ(state_.log_life, kNextLife);
  EXPECT_EQ(Entry().whole_from, 90u);
  EXPECT_EQ(Entry().start, BeforeAll());
}

TEST_F(LogLaneTest, SliceOfALifeThatIsOverOpensAnewAtOnce) {
  BeginJoined();
  const auto read = Cut();
  ASSERT_TRUE(read.has_value());
  TakeSnapshot(kNextLife, 92);
  Open(read->ticket, kLife, 101);
  End(read->ticket, AssignmentEnd::PAUSED);
  // It does not wait for another snapshot, which may come much later.
  EXPECT_TRUE(copies_->Next().has_value());
}

TEST_F(LogLaneTest, SliceOfTheNextLifeWaitsForTheLog) {
  BeginJoined();
  const auto read = Cut();
  ASSERT_TRUE(read.has_value());
  Open(read->ticket, kNextLife, 92);
  End(read->ticket, AssignmentEnd::PAUSED);
  EXPECT_FALSE(copies_->Next().has_value());
  TakeSnapshot(kNextLife, 92);
  EXPECT_TRUE(copies_->Next().has_value());
}

TEST_F(LogLaneTest, CopyOverTheRowsThatAreThereLeavesNothingOut) {
  TableToCopy table = TableWithLog();
  table.truncates = false;
  SetEntry(Phase::kCopying);
  Begin(std::move(table));
  EXPECT_EQ(Follow().tables(0).whole_from(), 0u);
  EXPECT_EQ(scheduler_->log_numbers(0).second, BeforeAll());
}

TEST_F(LogLaneTest, ColumnsThatChangeWhileATableIsCopiedBeginItAnew) {
  BeginJoined();
  const auto read = Cut();
  ASSERT_TRUE(read.has_value());
  Open(read->ticket, kLife, 100);
  Change({"id", "a"});
  EXPECT_EQ(scheduler_->phase(0), course::Phase::kCopying);
  Change({"id", "a", "added"});
  EXPECT_EQ(scheduler_->phase(0), course::Phase::kPending);
  EXPECT_TRUE(Entry().content.empty());
  ASSERT_EQ(requests_.steers.size(), 1u);
  EXPECT_EQ(requests_.steers[0].restart().revision(), 2u);
  EXPECT_EQ(requests_.steers[0].restart().columns_size(), 3);
}

TEST_F(LogLaneTest, ColumnsOfALiveTableChangeWithoutACopy) {
  TableToCopy table = TableWithLog();
  table.phase = course::Phase::kLive;
  SetEntry(Phase::kLive);
  Begin(std::move(table));
  Follow();
  Change({"id", "a", "added"});
  EXPECT_EQ(scheduler_->phase(0), course::Phase::kLive);
  EXPECT_EQ(Entry().columns, ColumnsDigest(Columns({"id", "a", "added"})));
  EXPECT_EQ(requests_.messages.size(), 1u);
}

TEST_F(LogLaneTest, TableThatWasPutAsideAndLostBeginsFromNothingInTheNextSync) {
  BeginJoined();
  const auto read = Cut();
  ASSERT_TRUE(read.has_value());
  Open(read->ticket, kLife, 100);
  scheduler_->SetAside(0);
  EXPECT_EQ(Entry().content, "content 1");
  Lose();
  EXPECT_TRUE(Entry().content.empty());
}

TEST_F(LogLaneTest, CheckpointSaysThatALiveTableBeginsAgainBeforeItIsTruncated) {
  TableToCopy table = TableWithLog();
  table.phase = course::Phase::kLive;
  SetEntry(Phase::kLive);
  Begin(std::move(table));
  Follow();
  TakeSnapshot(kLife, 100);
  Lose();
  EXPECT_TRUE(TryToJoin(2, 90, 95).later());
  EXPECT_TRUE(requests_.checkpoint);
  EXPECT_TRUE(requests_.messages.empty());
  // In that checkpoint nothing of it is done, and its content is none that the source has.
  EXPECT_EQ(Entry().phase, Phase::kCopying);
  EXPECT_TRUE(Entry().content.empty());
  requests_.checkpoint = false;
  EXPECT_FALSE(TryToJoin(2, 90, 95).later());
  EXPECT_FALSE(requests_.checkpoint);
}

TEST_F(LogLaneTest, NewTableIsTruncatedBeforeItsFirstChange) {
  BeginJoined();
  EXPECT_EQ(requests_.messages.size(), 1u);
  EXPECT_EQ(Entry().content, "content 1");
  const auto read = Cut();
  ASSERT_TRUE(read.has_value());
  Open(read->ticket, kLife, 100);
  EXPECT_EQ(requests_.messages.size(), 1u);
}

// The slice may wait for a lock, or for the end of an old transaction; meanwhile the destination
// keeps the rows that it has.
TEST_F(LogLaneTest, KnownTableIsTruncatedBeforeTheFirstSliceThatIsAdmitted) {
  SetEntry(Phase::kLive);
  BeginJoined();
  const auto refused = Cut();
  ASSERT_TRUE(refused.has_value());
  Open(refused->ticket, kLife, 80);
  EXPECT_TRUE(requests_.messages.empty());
  // A state as it is now makes the next sync begin from TRUNCATE.
  EXPECT_TRUE(Entry().content.empty());
  End(refused->ticket, AssignmentEnd::PAUSED);
  const auto admitted = copies_->Next();
  ASSERT_TRUE(admitted.has_value());
  Open(admitted->ticket, kLife, 100);
  EXPECT_EQ(requests_.messages.size(), 1u);
  EXPECT_EQ(Entry().content, "content 1");
}

TEST_F(LogLaneTest, CopyThatBeginsAgainAfterFinishIsFollowedOnceMore) {
  BeginJoined();
  const auto first = Cut();
  ASSERT_TRUE(first.has_value());
  Open(first->ticket, kLife, 100, 7);
  Finish(first->ticket);
  log_->Look({});
  ASSERT_EQ(requests_.steers.size(), 1u);
  Lose();
  log_->Look({});
  Join(2, 90, 100);
  const auto second = Cut();
  ASSERT_TRUE(second.has_value());
  Open(second->ticket, kLife, 100, 20);
  Finish(second->ticket);
  log_->Look({});
  Pass(10);
  EndLog(AssignmentEnd::DONE);
  EXPECT_FALSE(log_->finished());
  Follow();
  log_->Look({});
  Pass(30);
  EndLog(AssignmentEnd::DONE);
  EXPECT_TRUE(log_->finished());
  EXPECT_EQ(scheduler_->phase(0), course::Phase::kLive);
}

}  // namespace
}  // namespace tributary
