// A pulse that records when it beat.
#ifndef TRIBUTARY_TESTS_WORKER_NETWORK_BEAT_TIMES_H_
#define TRIBUTARY_TESTS_WORKER_NETWORK_BEAT_TIMES_H_

#include <algorithm>
#include <chrono>
#include <vector>

#include "worker/pulse.h"

namespace tributary::tests {

class BeatTimes : public Pulse {
 public:
  using Clock = std::chrono::steady_clock;

  void Beat() override { times_.push_back(Clock::now()); }
  std::size_t count() const { return times_.size(); }
  // The longest time between two beats, and from the last one until now.
  std::chrono::milliseconds longest_gap() const {
    Clock::duration longest(0);
    for (std::size_t at = 0; at < times_.size(); ++at) {
      const auto next = at + 1 < times_.size() ? times_[at + 1] : Clock::now();
      longest = std::max(longest, next - times_[at]);
    }
    return std::chrono::ceil<std::chrono::milliseconds>(longest);
  }

 private:
  std::vector<Clock::time_point> times_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_WORKER_NETWORK_BEAT_TIMES_H_
