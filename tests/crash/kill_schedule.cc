#include "tests/crash/kill_schedule.h"

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace tributary::tests {
namespace {

// As Figures::kills counts them.
constexpr std::array<const char*, 3> kKilled = {"worker", "supervisor", "client"};

}  // namespace

std::vector<Blow> PlanBlows(Dice& dice) {
  std::vector<Blow> blows;
  for (std::uint64_t left = 2 + dice.Below(4); left > 0; --left) {
    const std::uint64_t draw = dice.Below(20);
    const Victim victim = draw < 11   ? Victim::kWorker
                          : draw < 14 ? Victim::kSupervisor
                          : draw < 16 ? Victim::kClient
                          : draw < 18 ? Victim::kStoppedWorker
                          : draw < 19 ? Victim::kTermination
                                      : Victim::kSource;
    blows.push_back({victim, dice.Part() * 1.1, dice.Below(1000)});
  }
  std::sort(blows.begin(), blows.end(),
            [](const Blow& a, const Blow& b) { return a.moment < b.moment; });
  return blows;
}

void Figures::Print() const {
  std::cout << "kills               starting  copying  finishing\n";
  for (std::size_t victim = 0; victim < kKilled.size(); ++victim) {
    std::printf("  %-16s %9lu %8lu %10lu\n", kKilled[victim], kills[victim][kStarting],
                kills[victim][kCopying], kills[victim][kFinishing]);
  }
  std::fflush(stdout);
  std::cout << all_kills() << " kills in all; " << stopped_workers << " workers stopped and "
            << "continued, " << terminations << " supervisors asked to end, " << changes_in_sync
            << " changes of the source during a sync\n"
            << syncs << " syncs in " << rounds
            << " rounds, each of which ended equal to the source; " << older_states
            << " began from an older state, " << resyncs << " from none; " << put_aside
            << " tables put aside for a time\n"
            << checkpoints << " checkpoints, none of which went back\n"
            << messages_replayed << " messages replayed from staging in " << replays
            << " syncs; rows read in syncs that came to their end: " << rows_read
            << ", rows received: " << rows_received << ", rows of the sources: " << rows_of_source
            << std::endl;
}

}  // namespace tributary::tests
