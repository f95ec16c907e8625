// Acts on one sync of the crash loop as planned: kills, stops or terminates its processes, and
// records what it did.
#ifndef TRIBUTARY_TESTS_CRASH_STRIKER_H_
#define TRIBUTARY_TESTS_CRASH_STRIKER_H_

#include <chrono>
#include <cstddef>
#include <vector>

#include "tests/crash/kill_schedule.h"
#include "tests/crash/mixed_source.h"
#include "tests/crash/scene.h"

namespace tributary::tests {

class Striker {
 public:
  // Counts in `figures`. All arguments outlive this object. The sync's log begins where the
  // connector's log ends now.
  Striker(Scene& scene, MixedSource& source, Figures& figures)
      : scene_(scene), source_(source), figures_(figures), log_from_(scene.connector().LogSize()) {}

  // Acts on `run` until the last blow or the end of the sync. `sync_length` is the time of which
  // the moments are fractions. A broken promise fails the test.
  void Strike(const std::vector<Blow>& blows, std::chrono::milliseconds sync_length, SyncRun& run);

  std::size_t log_from() const { return log_from_; }
  // The reasons for which a sync may fail.
  bool client_killed() const { return client_killed_; }
  bool supervisor_killed() const { return supervisor_killed_; }
  bool asked_to_end() const { return asked_to_end_; }
  int workers_killed() const { return workers_killed_; }
  bool source_changed() const { return source_changed_; }

 private:
  using Clock = std::chrono::steady_clock;

  // False: the sync has ended.
  bool WaitFor(Clock::time_point moment, SyncRun& run);
  bool StrikeOnce(const Blow& blow, SyncRun& run);
  void StrikeWorker(const Blow& blow, SyncRun& run);
  void EndSupervisor(int signal);
  Moment MomentNow() const;
  void Count(Victim victim) { ++figures_.kills[static_cast<std::size_t>(victim)][MomentNow()]; }

  Scene& scene_;
  MixedSource& source_;
  Figures& figures_;
  const std::size_t log_from_;
  bool client_killed_ = false;
  bool supervisor_killed_ = false;
  bool asked_to_end_ = false;
  bool source_changed_ = false;
  int workers_killed_ = 0;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_STRIKER_H_
