// Waiting that shows signs of life meanwhile. Everything in a worker that may take
// longer than a second waits by these.
//
// The main thread's.
#ifndef TRIBUTARY_WORKER_WAIT_H_
#define TRIBUTARY_WORKER_WAIT_H_

#include <chrono>
#include <random>

#include "worker/pulse.h"

namespace tributary {

// Waits until `descriptor` is ready for one of `events` (poll's POLLIN, POLLOUT) or
// until `until`, with a beat at least every half second. Returns what poll found, its
// errors included (POLLERR, POLLHUP, POLLNVAL); 0: the time has come. With -1 for
// `descriptor` only the time is waited for.
short WaitFor(int descriptor, short events, std::chrono::steady_clock::time_point until,
              Pulse& pulse);

// Tries again what fails for a while: sleeps that double, with jitter, up to a limit in
// all.
class Patience {
 public:
  static constexpr std::chrono::milliseconds kLongestSleep{250};

  // The time starts now. `pulse` outlives this.
  Patience(Pulse& pulse, std::chrono::milliseconds limit,
           std::chrono::milliseconds longest_sleep = kLongestSleep);

  // Sleeps once. False, at once, when `share` of the limit has passed.
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
