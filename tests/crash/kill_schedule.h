// What the crash loop does to one sync, and what it has done to all syncs.
#ifndef TRIBUTARY_TESTS_CRASH_KILL_SCHEDULE_H_
#define TRIBUTARY_TESTS_CRASH_KILL_SCHEDULE_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/crash/mixed_source.h"

namespace tributary::tests {

enum class Victim { kWorker, kSupervisor, kClient, kStoppedWorker, kTermination, kSource };

// How far the sync was, according to the connector's log.
enum Moment { kStarting, kCopying, kFinishing, kMoments };

struct Blow {
  Victim victim;
  // A fraction of the time that a complete sync takes.
  double moment;
  std::uint64_t which;
};

// A few blows, ordered by moment.
std::vector<Blow> PlanBlows(Dice& dice);

struct Figures {
  std::array<std::array<std::uint64_t, kMoments>, 3> kills{};
  std::uint64_t stopped_workers = 0;
  std::uint64_t terminations = 0;
  std::uint64_t changes_in_sync = 0;
  std::uint64_t syncs = 0;
  std::uint64_t rounds = 0;
  std::uint64_t put_aside = 0;
  std::uint64_t older_states = 0;
  std::uint64_t resyncs = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t replays = 0;
  std::uint64_t messages_replayed = 0;
  // As RowAccount counts them.
  std::uint64_t rows_replayed = 0;
  std::uint64_t rows_read = 0;
  // Rounds whose source did not change while it was read; the rows that had to be read in them, and
  // those that were read.
  std::uint64_t still_rounds = 0;
  std::uint64_t rows_due = 0;
  std::uint64_t rows_read_for_them = 0;
  // How long workers lived after their supervisor had ended.
  std::vector<std::chrono::milliseconds> outlived;

  std::uint64_t all_kills() const {
    return kills_of(Victim::kWorker) + kills_of(Victim::kSupervisor) + kills_of(Victim::kClient);
  }
  // Kills of workers, supervisors or clients.
  std::uint64_t kills_of(Victim victim) const;
  // Whether the last `times` measurements all took longer than promised.
  bool LateInARow(std::chrono::milliseconds promised, std::size_t times) const;
  void Print() const;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_KILL_SCHEDULE_H_
