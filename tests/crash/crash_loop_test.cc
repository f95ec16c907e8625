// Kills the connector's processes and its client at random moments, again and again, and checks
// that nothing is lost.
//
//   TRIBUTARY_CRASH_SEED   repeats a schedule: victims, and their moments as
//                          fractions of a sync's length
//   TRIBUTARY_CRASH_KILLS  the number of kills; 200 if it is not set, and a quarter of that
//                          under ThreadSanitizer
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/crash/checkpoint_record.h"
#include "tests/crash/kill_schedule.h"
#include "tests/crash/mixed_source.h"
#include "tests/crash/older_states.h"
#include "tests/crash/row_account.h"
#include "tests/crash/scene.h"
#include "tests/crash/striker.h"
#include "tests/process/environment.h"

namespace tributary::tests {
namespace {

using std::chrono::milliseconds;

// With this many kills everything is tried that ExpectAllTried looks for.
constexpr std::uint64_t kKillsOfAllKinds = 200;
#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kDefaultKills = kKillsOfAllKinds / 4;
#else
constexpr std::uint64_t kDefaultKills = kKillsOfAllKinds;
#endif
constexpr std::uint64_t kLargeRows = 400'000;
// After this many attempts with kills, an attempt without kills has to end the round.
constexpr int kAttemptsInRound = 5;
// Attempts of clients that are refused because the connector has not yet noticed that the client
// before was killed.
constexpr int kMostAttempts = 200;

std::uint64_t NumberIn(const nlohmann::json& line, const char* field) {
  std::uint64_t number = 0;
  return absl::SimpleAtoi(line.value(field, ""), &number) ? number : 0;
}

class CrashLoop : public ::testing::Test {
 protected:
  CrashLoop()
      : seed_(FromEnvironment<std::uint64_t>("TRIBUTARY_CRASH_SEED", std::random_device()())),
        wanted_kills_(FromEnvironment("TRIBUTARY_CRASH_KILLS", kDefaultKills)),
        scene_({"--workers", seed_ % 2 == 0 ? "2" : "3"}),
        source_(scene_.source(), kLargeRows, /*wal=*/seed_ % 3 != 0) {
    std::cout << "TRIBUTARY_CRASH_SEED=" << seed_ << std::endl;
  }

  void Round(std::uint64_t round);
  // True: the sync ended with OK and left nothing out.
  bool Attempt(Dice& dice, bool quiet);
  void KeepRunning();
  void ChooseState(Dice& dice);
  bool Judge(const SyncOutcome& outcome, const Striker& striker, const std::string& first_state);
  void ExpectExcused(const SyncOutcome& outcome, const Striker& striker);
  void CheckCheckpoints(const SyncOutcome& outcome, const std::string& first_state);
  void CheckLog();
  // The rows since the round, or a re-sync in it, began.
  void CloseAccount();
  void ExpectAllTried();
  std::string StateText() const;

  std::uint64_t seed_;
  std::uint64_t wanted_kills_;
  Scene scene_;
  MixedSource source_;
  OlderStates older_states_{scene_.dir()};
  Figures figures_;
  RowAccount rows_;
  milliseconds sync_length_{3000};
  // Lines of the connector's log.
  std::size_t lines_checked_ = 0;
  // The connector may not yet have noticed that a client was killed.
  bool client_lingers_ = false;
  // Since a sync last ended with OK.
  int workers_killed_ = 0;
  bool source_stood_still_ = true;
};

std::string CrashLoop::StateText() const {
  std::ifstream file(scene_.state());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void CrashLoop::KeepRunning() {
  if (scene_.connector().running()) return;
  const absl::Status started = scene_.connector().Start();
  ASSERT_TRUE(started.ok()) << started;
  lines_checked_ = 0;
  client_lingers_ = false;
}

void CrashLoop::ChooseState(Dice& dice) {
  switch (older_states_.Choose(dice)) {
    case OlderStates::Choice::kLast:
      break;
    case OlderStates::Choice::kOlder:
      ++figures_.older_states;
      break;
    case OlderStates::Choice::kNone:
      ++figures_.resyncs;
      CloseAccount();
      break;
  }
}

bool CrashLoop::Attempt(Dice& dice, bool quiet) {
  KeepRunning();
  ChooseState(dice);
  const std::vector<Blow> blows = quiet ? std::vector<Blow>() : PlanBlows(dice);
  const std::string first_state = StateText();
  std::filesystem::remove(scene_.dir() / "checkpoints");
  std::vector<std::string> flags = {"--checkpoint-log", scene_.dir() / "checkpoints"};
  if (dice.OneIn(2)) flags.emplace_back("--discard-tail");
  Striker striker(scene_, source_, figures_);
  const auto began = std::chrono::steady_clock::now();
  SyncRun run(scene_.Sync(flags));
  striker.Strike(blows, sync_length_, run);
  const SyncOutcome outcome = run.Wait();
  const auto took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  const bool complete = Judge(outcome, striker, first_state);
  // Only a complete sync shows how long one takes.
  if (complete && outcome.Count("truncates") >= 30) sync_length_ = took;
  return complete;
}

bool CrashLoop::Judge(const SyncOutcome& outcome, const Striker& striker,
                      const std::string& first_state) {
  ++figures_.syncs;
  if (striker.source_changed()) source_stood_still_ = false;
  EXPECT_EQ(outcome.breach(), "");
  EXPECT_EQ(outcome.task(), "");
  CheckCheckpoints(outcome, first_state);
  // The connector writes its lines before the client knows that the sync has ended, but they arrive
  // independently.
  if (outcome.ok()) {
    EXPECT_TRUE(scene_.connector().WaitForLog("sync ends", striker.log_from()).has_value());
  }
  CheckLog();
  if (!outcome.ok()) ExpectExcused(outcome, striker);
  client_lingers_ =
      striker.client_killed() || (client_lingers_ && outcome.grpc_code() == "ABORTED");
  std::uint64_t put_aside = 0;
  for (const std::string& warning : outcome.warnings()) {
    put_aside += absl::StrContains(warning, "put aside") ? 1 : 0;
  }
  figures_.put_aside += put_aside;
  // Its Warning may be replayed if the sync that first sent it lost its client.
  workers_killed_ += striker.workers_killed();
  EXPECT_TRUE(put_aside == 0 || workers_killed_ >= limits::kDeathsOfSlice) << outcome.text;
  if (outcome.ok()) workers_killed_ = 0;
  return outcome.ok() && put_aside == 0 && !striker.source_changed();
}

// A sync must end with OK if nothing was killed, if only one or two of its workers were, if a
// worker was stopped, or if the source changed.
void CrashLoop::ExpectExcused(const SyncOutcome& outcome, const Striker& striker) {
  const std::string code = outcome.grpc_code();
  if (striker.client_killed()) return;
  if (code == "ABORTED") {
    EXPECT_TRUE(client_lingers_) << "no other client is syncing\n" << outcome.text;
    return;
  }
  bool excused = false;
  if (striker.supervisor_killed() || striker.asked_to_end()) excused = code == "UNAVAILABLE";
  // A setup call that arrived while the server was closing.
  if (striker.asked_to_end() && outcome.Count("messages") == 0) excused |= code == "CANCELLED";
  // A sync that has lost this many workers ends, and so does a setup test, which then says why.
  if (striker.workers_killed() >= limits::kDeathsOfSlice) {
    excused |=
        code == "UNAVAILABLE" || absl::StrContains(outcome.text, "it was killed by signal 9");
  }
  EXPECT_TRUE(excused) << "workers killed: " << striker.workers_killed() << "\n" << outcome.text;
}

void CrashLoop::CheckCheckpoints(const SyncOutcome& outcome, const std::string& first_state) {
  const std::vector<LoggedCheckpoint> checkpoints = ReadCheckpointLog(scene_.dir() / "checkpoints");
  // A client that was killed has no report.
  const bool told = outcome.report.is_object();
  EXPECT_TRUE(!told || checkpoints.size() == outcome.Count("checkpoints"))
      << checkpoints.size() << " logged\n"
      << outcome.text;
  EXPECT_TRUE(!outcome.ok() || !checkpoints.empty()) << outcome.text;
  figures_.checkpoints += checkpoints.size();
  const absl::Status never_back = CheckNeverBack(
      first_state, checkpoints, [this](const std::string& table) { return source_.Has(table); });
  EXPECT_TRUE(never_back.ok()) << never_back;
  std::optional<std::uint64_t> rows;
  if (told) rows = outcome.Count("records") - outcome.Count("truncates");
  rows_.Received(first_state, checkpoints, rows);
}

void CrashLoop::CheckLog() {
  Connector& connector = scene_.connector();
  const std::vector<nlohmann::json> lines = connector.Log(lines_checked_);
  lines_checked_ += lines.size();
  for (const nlohmann::json& line : lines) {
    ASSERT_TRUE(line.is_object()) << line;
    EXPECT_NE(line.value("level", ""), "SEVERE") << line;
    const std::string message = line.value("message", "");
    if (message == "reading ends") rows_.Logged(line.value("epoch", ""), NumberIn(line, "rows"));
    if (message != "replayed from staging") continue;
    figures_.messages_replayed += NumberIn(line, "messages");
    ++figures_.replays;
  }
  const std::string errors = connector.Errors();
  for (const char* sign : {"terminate called", "Check failed", "Sanitizer", "ssertion"}) {
    EXPECT_FALSE(absl::StrContains(errors, sign)) << errors;
  }
}

void CrashLoop::CloseAccount() {
  figures_.rows_replayed += rows_.replayed();
  figures_.rows_read += rows_.read();
  rows_.Begin();
  source_stood_still_ = true;
}

void CrashLoop::Round(std::uint64_t round) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    Dice dice(seed_, round, static_cast<std::uint64_t>(attempt));
    const bool complete = Attempt(dice, /*quiet=*/attempt >= kAttemptsInRound);
    if (HasFailure()) return;
    if (!complete) continue;
    const absl::Status equal = scene_.Compare();
    ASSERT_TRUE(equal.ok()) << equal;
    ++figures_.rounds;
    // Later rounds compare rows with those that were sent, and send those that have changed.
    if (source_stood_still_ && figures_.rounds > 1) ++figures_.still_rounds;
    if (source_stood_still_ && figures_.rounds == 1) {
      ++figures_.still_rounds;
      figures_.rows_due += source_.Rows();
      figures_.rows_read_for_them += rows_.read();
      EXPECT_GE(rows_.read(), source_.Rows()) << "rows that were never read";
    }
    CloseAccount();
    return;
  }
  FAIL() << "no sync of the round ends";
}

// A loop that does nothing proves nothing, so this checks what the loop did.
void CrashLoop::ExpectAllTried() {
  for (const Victim victim : {Victim::kWorker, Victim::kSupervisor, Victim::kClient}) {
    EXPECT_GT(figures_.kills_of(victim), 0u);
  }
  EXPECT_GT(figures_.stopped_workers, 0u);
  EXPECT_GT(figures_.terminations, 0u);
  EXPECT_GT(figures_.changes_in_sync, 0u);
  EXPECT_GT(figures_.older_states, 0u);
  EXPECT_GT(figures_.checkpoints, figures_.rounds);
  EXPECT_GT(figures_.replays, 0u);
  EXPECT_GT(figures_.rows_replayed, 0u);
  EXPECT_GT(figures_.still_rounds, 0u);
  EXPECT_FALSE(figures_.outlived.empty());
}

TEST_F(CrashLoop, WhateverIsKilledWheneverTheDestinationEndsEqualToTheSource) {
  for (std::uint64_t round = 0; figures_.all_kills() < wanted_kills_; ++round) {
    Round(round);
    if (HasFailure()) break;
    Dice dice(seed_, round, kMostAttempts);
    source_.Change(dice);
  }
  figures_.Print();
  RecordProperty("figures",
                 absl::StrCat(figures_.all_kills(), " kills in ", figures_.syncs, " syncs; ",
                              figures_.rounds, " rounds, each of which ended equal; ",
                              figures_.replays, " syncs replayed from staging; ",
                              figures_.older_states, " began from an older state"));
  if (!HasFailure()) {
    if (wanted_kills_ >= kKillsOfAllKinds) ExpectAllTried();
    // The last kill may have happened after its sync had ended well.
    KeepRunning();
    EXPECT_EQ(scene_.connector().Stop()->ToString(), "exited with 0");
    return;
  }
  std::cout << "repeat with TRIBUTARY_CRASH_SEED=" << seed_ << "\n"
            << scene_.connector().Output() << std::endl;
}

}  // namespace
}  // namespace tributary::tests
