// Figures that several cases add to the report, and how several runs become one figure.
#ifndef TRIBUTARY_TESTS_BENCH_FIGURES_H_
#define TRIBUTARY_TESTS_BENCH_FIGURES_H_

#include <algorithm>
#include <string>
#include <vector>

#include "tests/bench/cases.h"
#include "tests/bench/measured_sync.h"
#include "tests/bench/stages.h"

namespace tributary::bench {

template <typename One, typename Key>
One Median(std::vector<One> all, const Key& key) {
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end(),
                   [&key](const One& a, const One& b) { return key(a) < key(b); });
  return *middle;
}

inline double Wall(const SyncCost& cost) { return cost.seconds; }
inline double BareWall(const BareCost& cost) { return cost.seconds; }

// The medians of baseline and connector, which ran alternately.
struct Against {
  BareCost bare;
  SyncCost ours;
  double ratio() const { return ours.seconds / bare.seconds; }
};

// A sync without a state.
SyncSubject SubjectOf(const std::string& sqlite_file);

// The cost of the stages for the first part of a first sync.
StageCosts Sample(const SyncSubject& subject);

// The goal is that the connector takes at most `most` times as long as the baseline.
void AddRatio(Bench& bench, const std::string& work, const Against& both, double most);
// The peak memory of supervisor and workers, with the goal for each.
void AddMemory(Bench& bench, const std::string& work, const SyncCost& cost);

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_FIGURES_H_
