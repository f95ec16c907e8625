// Waits that give signs of life. Everything in a worker that may wait longer than a second uses
// these.
//
// Main thread only.
#ifndef TRIBUTARY_WORKER_WAIT_H_
#define TRIBUTARY_WORKER_WAIT_H_

#include <chrono>
#include <random>

#include "worker/pulse.h"

namespace tributary {

// Waits until `descriptor` is ready for one of `events` (poll's POLLIN, POLLOUT) or
// until `until`, with a beat at least every half second. Returns poll's events, including errors
// (POLLERR, POLLHUP, POLLNVAL); 0: `until` has passed. With -1 for `descriptor` it waits only for
// the time.
short WaitFor(int descriptor, short events, std::chrono::steady_clock::time_point until,
              Pulse& pulse);

// For retries: sleeps that double, with jitter, up to a total limit.
class Patience {
 public:
  static constexpr std::chrono::milliseconds kLongestSleep{250};

  // The limit starts now. `pulse` outlives this.
  Patience(Pulse& pulse, std::chrono::milliseconds limit,
           std::chrono::milliseconds longest_sleep = kLongestSleep);

  // Sleeps once. Returns false at once if `share` of the limit has passed.
  bool Wait(double share = 1.0);

 private:
  Pulse& pulse_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::milliseconds limit_;
  std::chrono::milliseconds longest_sleep_;
  std::chrono::milliseconds sleep_{2};
  std::minstd_rand random_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_WAIT_H_
