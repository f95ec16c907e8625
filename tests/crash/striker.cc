#include "tests/crash/striker.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "tests/process/time_promise.h"

namespace tributary::tests {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook(2);

}  // namespace

void Striker::Strike(const std::vector<Blow>& blows, milliseconds sync_length, SyncRun& run) {
  const auto began = Clock::now();
  for (const Blow& blow : blows) {
    const auto moment =
        began + std::chrono::duration_cast<Clock::duration>(sync_length * blow.moment);
    if (!WaitFor(moment, run) || !StrikeOnce(blow, run)) return;
    if (::testing::Test::HasFailure()) return;
  }
}

bool Striker::WaitFor(Clock::time_point moment, SyncRun& run) {
  while (Clock::now() < moment) {
    if (!run.running()) return false;
    std::this_thread::sleep_for(kLook);
  }
  return run.running();
}

bool Striker::StrikeOnce(const Blow& blow, SyncRun& run) {
  switch (blow.victim) {
    case Victim::kWorker:
    case Victim::kStoppedWorker:
      StrikeWorker(blow, run);
      return true;
    case Victim::kSupervisor:
      Count(Victim::kSupervisor);
      supervisor_killed_ = true;
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

void Striker::StrikeWorker(const Blow& blow, SyncRun& run) {
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

void Striker::EndSupervisor(int signal) {
  Connector& connector = scene_.connector();
  const std::vector<pid_t> workers = connector.workers();
  auto ends = Clock::now();
  ASSERT_TRUE(connector.Signal(signal)) << connector.Output();
  if (signal == SIGTERM) {
    ASSERT_TRUE(connector.Wait().has_value()) << "it does not end\n" << connector.Output();
    ends = Clock::now();
  }
  const milliseconds outlived =
      TimeUntilGone(workers, ends, kTimesPromised * kWorkersOutliveSupervisorBy);
  const auto ending = connector.Wait();
  ASSERT_TRUE(ending.has_value()) << "the supervisor does not end\n" << connector.Output();
  const std::string wanted = signal == SIGTERM ? "exited with 0" : "killed by signal 9";
  EXPECT_EQ(ending->ToString(), wanted) << connector.Output();
  if (!workers.empty()) figures_.outlived.push_back(outlived);
  EXPECT_FALSE(figures_.LateInARow(kWorkersOutliveSupervisorBy, kAttemptsAtPromise))
      << "workers outlive their supervisor";
  for (const std::string& name : SharedMemoryNames()) {
    EXPECT_FALSE(absl::StrContains(name, "tributary")) << name << " is left in /dev/shm";
  }
}

Moment Striker::MomentNow() const {
  const Connector& connector = scene_.connector();
  if (!connector.Logged("reading ends", log_from_).empty()) return kFinishing;
  return connector.Logged("plan made", log_from_).empty() ? kStarting : kCopying;
}

}  // namespace tributary::tests
