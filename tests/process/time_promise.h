// Promises that name a time, on a machine that may be busy: one of three attempts has to keep the
// time, which never happens if the mechanism is broken.
#ifndef TRIBUTARY_TESTS_PROCESS_TIME_PROMISE_H_
#define TRIBUTARY_TESTS_PROCESS_TIME_PROMISE_H_

#include <algorithm>
#include <chrono>
#include <functional>

namespace tributary::tests {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Sanitizers slow down everything that is measured.
inline constexpr int kSlowness = 10;
#else
inline constexpr int kSlowness = 1;
#endif

inline constexpr std::chrono::milliseconds kWorkersOutliveSupervisorBy{kSlowness * 1000};
inline constexpr std::chrono::milliseconds kWorkersOutliveClientBy{kSlowness * 5000};

// How long a measurement continues if a promise is broken, in promised times.
inline constexpr int kTimesPromised = 4;
inline constexpr int kAttemptsAtPromise = 3;

// The time of the first attempt that keeps the promise; if none does, that of the quickest attempt.
inline std::chrono::milliseconds QuickestOf(
    std::chrono::milliseconds promised, const std::function<std::chrono::milliseconds()>& attempt) {
  std::chrono::milliseconds quickest = attempt();
  for (int made = 1; made < kAttemptsAtPromise && quickest > promised; ++made) {
    quickest = std::min(quickest, attempt());
  }
  return quickest;
}

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_TIME_PROMISE_H_
