#include "tests/crash/kill_schedule.h"

#include <algorithm>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <numeric>

namespace tributary::tests {
namespace {

// In the order of Figures::kills.
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

std::uint64_t Figures::kills_of(Victim victim) const {
  const auto& of_victim = kills[static_cast<std::size_t>(victim)];
  return std::accumulate(of_victim.begin(), of_victim.end(), std::uint64_t{0});
}

bool Figures::LateInARow(std::chrono::milliseconds promised, std::size_t times) const {
  return outlived.size() >= times &&
         std::all_of(outlived.end() - static_cast<std::ptrdiff_t>(times), outlived.end(),
                     [promised](std::chrono::milliseconds took) { return took > promised; });
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
            << " began from an older state, " << resyncs << " from no state; " << put_aside
            << " tables put aside temporarily\n"
            << checkpoints << " checkpoints, none of which went back\n"
            << rows_replayed << " rows (" << messages_replayed << " messages) replayed from "
            << "staging in " << replays << " syncs; " << rows_read
            << " rows read from the sources\n"
            << "the source did not change in " << still_rounds << " rounds; in the first "
            << rows_due << " rows had to be read; " << (rows_read_for_them - rows_due)
            << " were read again, " << std::fixed << std::setprecision(1)
            << 100.0 * static_cast<double>(rows_read_for_them - rows_due) /
                   static_cast<double>(std::max<std::uint64_t>(rows_due, 1))
            << " of 100\n";
  if (!outlived.empty()) {
    std::cout << "workers outlived their supervisor by at most "
              << std::max_element(outlived.begin(), outlived.end())->count() << " ms" << std::endl;
  }
}

}  // namespace tributary::tests
