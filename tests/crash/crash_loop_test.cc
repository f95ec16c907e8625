// Kills the connector's processes and its client at random moments, over and
// over, and checks that nothing is lost.
//
//   TRIBUTARY_CRASH_SEED   repeats a schedule: victims, and their moments as
//                          parts of a sync's length
//   TRIBUTARY_CRASH_KILLS  how many kills, 200 where it is not set
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/crash/checkpoint_record.h"
#include "tests/crash/kill_schedule.h"
#include "tests/crash/mixed_source.h"
#include "tests/crash/scene.h"

namespace tributary::tests {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint64_t kDefaultKills = 200;
constexpr std::uint64_t kLargeRows = 400'000;
// After so many attempts with kills one without has to end the round.
constexpr int kAttemptsInRound = 5;
// Puts a hanging loop to an end; a sync is a matter of seconds.
constexpr int kMostAttempts = 100'000;
constexpr milliseconds kLook(2);

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  std::uint64_t number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

class CrashLoop : public ::testing::Test {
 protected:
  CrashLoop()
      : seed_(FromEnvironment("TRIBUTARY_CRASH_SEED", std::random_device()())),
        wanted_kills_(FromEnvironment("TRIBUTARY_CRASH_KILLS", kDefaultKills)),
        scene_({"--workers", seed_ % 2 == 0 ? "2" : "3"}),
        source_(scene_.source(), kLargeRows, /*wal=*/seed_ % 3 != 0) {
    std::cout << "TRIBUTARY_CRASH_SEED=" << seed_ << std::endl;
  }

  void Round(std::uint64_t round);
  // True: the sync ended with OK, and nothing was left out of it.
  bool Attempt(Dice& dice, bool quiet);
  void KeepRunning();
  void ChooseState(Dice& dice);
  void KeepSnapshot();
  // False: the sync is over.
  bool Strike(const Blow& blow, SyncRun& run);
  bool WaitFor(Clock::time_point moment, SyncRun& run);
  void KillWorker(const Blow& blow, SyncRun& run);
  void EndSupervisor(int signal);
  bool Judge(const SyncOutcome& outcome, const std::string& first_state);
  void CheckLog();
  void Count(Victim victim) { ++figures_.kills[static_cast<std::size_t>(victim)][MomentNow()]; }
  Moment MomentNow() const;
  std::string StateText() const;

  std::uint64_t seed_;
  std::uint64_t wanted_kills_;
  Scene scene_;
  MixedSource source_;
  Figures figures_;
  milliseconds sync_length_{3000};
  // Of the connector's log, where the sync that runs now began.
  std::size_t log_from_ = 0;
  bool source_changed_ = false;
  bool client_killed_ = false;
  bool asked_to_end_ = false;
  int workers_killed_ = 0;
  bool has_snapshot_ = false;
};

std::string CrashLoop::StateText() const {
  std::ifstream file(scene_.state());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Moment CrashLoop::MomentNow() const {
  const Connector& connector = const_cast<Scene&>(scene_).connector();
  if (!connector.Logged("copies end", log_from_).empty()) return kFinishing;
  return connector.Logged("sync starts", log_from_).empty() ? kStarting : kCopying;
}

void CrashLoop::KeepRunning() {
  if (scene_.connector().running()) return;
  const absl::Status started = scene_.connector().Start();
  ASSERT_TRUE(started.ok()) << started;
}

// As if Fivetran had not got to saving the last states, with a destination that
// is as old or that has more; or as if the user had asked for a re-sync.
void CrashLoop::ChooseState(Dice& dice) {
  namespace fs = std::filesystem;
  const bool older = dice.OneIn(8);
  const bool warehouse_too = dice.OneIn(2);
  const bool resync = dice.OneIn(40);
  if (resync) {
    fs::remove(scene_.state());
    ++figures_.resyncs;
  } else if (older && has_snapshot_) {
    ++figures_.older_states;
    fs::copy_file(scene_.dir() / "older.json", scene_.state(),
                  fs::copy_options::overwrite_existing);
    if (!warehouse_too) return;
    for (const char* part : {"", "-wal", "-shm"}) {
      fs::remove(scene_.warehouse() + part);
      const std::string kept = (scene_.dir() / "older.db") + part;
      if (fs::exists(kept)) fs::copy_file(kept, scene_.warehouse() + part);
    }
  } else if (dice.OneIn(6)) {
    KeepSnapshot();
  }
}

void CrashLoop::KeepSnapshot() {
  namespace fs = std::filesystem;
  if (!fs::exists(scene_.state()) || !fs::exists(scene_.warehouse())) return;
  fs::copy_file(scene_.state(), scene_.dir() / "older.json", fs::copy_options::overwrite_existing);
  for (const char* part : {"", "-wal"}) {
    const std::string kept = (scene_.dir() / "older.db") + part;
    fs::remove(kept);
    if (fs::exists(scene_.warehouse() + part)) fs::copy_file(scene_.warehouse() + part, kept);
  }
  has_snapshot_ = true;
}

bool CrashLoop::WaitFor(Clock::time_point moment, SyncRun& run) {
  while (Clock::now() < moment) {
    if (!run.running()) return false;
    std::this_thread::sleep_for(kLook);
  }
  return run.running();
}

void CrashLoop::KillWorker(const Blow& blow, SyncRun& run) {
  std::vector<pid_t> workers;
  while ((workers = scene_.connector().workers()).empty()) {
    if (!run.running() || !scene_.connector().running()) return;
    std::this_thread::sleep_for(kLook);
  }
  const pid_t victim = workers[blow.which % workers.size()];
  if (blow.victim == Victim::kWorker) {
    const Moment moment = MomentNow();
    if (kill(victim, SIGKILL) != 0) return;
    ++figures_.kills[0][moment];
    ++workers_killed_;
    return;
  }
  if (kill(victim, SIGSTOP) != 0) return;
  std::this_thread::sleep_for(milliseconds(blow.which % 300));
  kill(victim, SIGCONT);
  ++figures_.stopped_workers;
}

void CrashLoop::EndSupervisor(int signal) {
  Connector& connector = scene_.connector();
  const std::vector<pid_t> workers = connector.workers();
  ASSERT_TRUE(connector.Signal(signal)) << connector.Output();
  const auto ending = connector.Wait();
  ASSERT_TRUE(ending.has_value()) << "the supervisor does not end\n" << connector.Output();
  const std::string wanted = signal == SIGTERM ? "exited with 0" : "killed by signal 9";
  EXPECT_EQ(ending->ToString(), wanted) << connector.Output();
  EXPECT_TRUE(Eventually([&workers] { return std::all_of(workers.begin(), workers.end(), Gone); }))
      << "workers outlive their supervisor";
  for (const std::string& name : SharedMemoryNames()) {
    EXPECT_FALSE(absl::StrContains(name, "tributary")) << name << " is left in /dev/shm";
  }
}

bool CrashLoop::Strike(const Blow& blow, SyncRun& run) {
  switch (blow.victim) {
    case Victim::kWorker:
    case Victim::kStoppedWorker:
      KillWorker(blow, run);
      return true;
    case Victim::kSupervisor:
      Count(Victim::kSupervisor);
      EndSupervisor(SIGKILL);
      return false;
    case Victim::kTermination:
      ++figures_.terminations;
      asked_to_end_ = true;
      EndSupervisor(SIGTERM);
      return false;
    case Victim::kClient:
      Count(Victim::kClient);
      client_killed_ = true;
      run.Kill();
      return false;
    case Victim::kSource: {
      Dice dice(blow.which);
      source_.Touch(dice);
      source_changed_ = true;
      ++figures_.changes_in_sync;
      return true;
    }
  }
  return true;
}

bool CrashLoop::Attempt(Dice& dice, bool quiet) {
  KeepRunning();
  ChooseState(dice);
  const std::vector<Blow> blows = quiet ? std::vector<Blow>() : PlanBlows(dice);
  const std::string first_state = StateText();
  std::filesystem::remove(scene_.dir() / "checkpoints");
  log_from_ = scene_.connector().LogSize();
  source_changed_ = false;
  client_killed_ = false;
  asked_to_end_ = false;
  workers_killed_ = 0;
  std::vector<std::string> flags = {"--checkpoint-log", scene_.dir() / "checkpoints"};
  if (dice.OneIn(2)) flags.emplace_back("--discard-tail");
  const auto began = Clock::now();
  SyncRun run(scene_.Sync(flags));
  for (const Blow& blow : blows) {
    const auto moment =
        began + std::chrono::duration_cast<Clock::duration>(sync_length_ * blow.moment);
    if (!WaitFor(moment, run) || !Strike(blow, run) || HasFailure()) break;
  }
  const SyncOutcome outcome = run.Wait();
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  const bool complete = Judge(outcome, first_state);
  // Only a sync from the start tells how long one takes.
  if (complete && outcome.Count("truncates") >= 30) sync_length_ = took;
  return complete;
}

bool CrashLoop::Judge(const SyncOutcome& outcome, const std::string& first_state) {
  ++figures_.syncs;
  figures_.rows_received += outcome.Count("records");
  EXPECT_EQ(outcome.breach(), "");
  EXPECT_EQ(outcome.task(), "");
  const auto checkpoints = ReadCheckpointLog(scene_.dir() / "checkpoints");
  figures_.checkpoints += checkpoints.size();
  const absl::Status never_back =
      CheckNeverBack(first_state, checkpoints,
                     [this](const std::string& table) { return source_.Has(table); });
  EXPECT_TRUE(never_back.ok()) << never_back;
  CheckLog();
  if (!outcome.ok()) {
    const std::string code = outcome.grpc_code();
    // ABORTED: the sync of the client that was killed before has not ended yet.
    // CANCELLED: a setup call that came while the server was closing.
    // A setup test is given up, and says why, when so many of its workers were killed.
    const bool test_was_killed = workers_killed_ >= limits::kDeathsOfSlice &&
                                 absl::StrContains(outcome.text, "it was killed by signal 9");
    EXPECT_TRUE(client_killed_ || code == "UNAVAILABLE" || code == "ABORTED" || test_was_killed ||
                (code == "CANCELLED" && asked_to_end_ && outcome.Count("messages") == 0))
        << outcome.text;
    return false;
  }
  std::uint64_t put_aside = 0;
  for (const std::string& warning : outcome.warnings()) {
    put_aside += absl::StrContains(warning, "put aside") ? 1 : 0;
  }
  figures_.put_aside += put_aside;
  return put_aside == 0 && !source_changed_;
}

void CrashLoop::CheckLog() {
  Connector& connector = scene_.connector();
  for (const nlohmann::json& line : connector.Log(log_from_)) {
    EXPECT_TRUE(line.is_object() && line.value("level", "") != "SEVERE") << line;
  }
  for (const nlohmann::json& line : connector.Logged("replayed from staging", log_from_)) {
    std::uint64_t messages = 0;
    if (!absl::SimpleAtoi(line.value("messages", ""), &messages)) continue;
    figures_.messages_replayed += messages;
    ++figures_.replays;
  }
  figures_.rows_read += connector.RowsRead(log_from_);
  const std::string errors = connector.Errors();
  for (const char* sign : {"terminate called", "Check failed", "Sanitizer", "ssertion"}) {
    EXPECT_FALSE(absl::StrContains(errors, sign)) << errors;
  }
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
    figures_.rows_of_source += source_.Rows();
    return;
  }
  FAIL() << "no sync of the round ends";
}

TEST_F(CrashLoop, WhateverIsKilledWheneverTheDestinationEndsEqualToTheSource) {
  for (std::uint64_t round = 0; figures_.all_kills() < wanted_kills_; ++round) {
    Round(round);
    if (HasFailure()) break;
    Dice dice(seed_, round, kMostAttempts);
    source_.Change(dice);
  }
  figures_.Print();
  if (!HasFailure()) {
    // The last blow may have struck when its sync had just ended well.
    KeepRunning();
    EXPECT_EQ(scene_.connector().Stop()->ToString(), "exited with 0");
    return;
  }
  std::cout << "repeat with TRIBUTARY_CRASH_SEED=" << seed_ << "\n"
            << scene_.connector().Output() << std::endl;
}

}  // namespace
}  // namespace tributary::tests
