#include "worker/wait.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace tributary {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kBeatEvery(500);

}  // namespace

short WaitFor(int descriptor, short events, Clock::time_point until, Pulse& pulse) {
  pollfd waited{descriptor, events, 0};
  for (;;) {
    pulse.Beat();
    // Rounded up, so that the rest of a millisecond is slept and not spent spinning.
    const milliseconds left =
        std::max(std::chrono::ceil<milliseconds>(until - Clock::now()), milliseconds(0));
    const int ready = ::poll(&waited, 1, static_cast<int>(std::min(left, kBeatEvery).count()));
    if (ready > 0) return waited.revents;
    if (ready < 0 && errno != EINTR && errno != EAGAIN) return POLLERR;
    if (ready == 0 && left <= kBeatEvery) return 0;
  }
}

Patience::Patience(Pulse& pulse, milliseconds limit, milliseconds longest_sleep)
    : pulse_(pulse),
      start_(Clock::now()),
      limit_(limit),
      longest_sleep_(longest_sleep),
      random_(static_cast<std::minstd_rand::result_type>(start_.time_since_epoch().count())) {}

bool Patience::Wait(double share) {
  const auto now = Clock::now();
  const auto left = std::chrono::ceil<milliseconds>(limit_ * share - (now - start_));
  if (left.count() <= 0) return false;
  std::uniform_int_distribution<std::int64_t> jitter(sleep_.count() / 2, sleep_.count());
  WaitFor(-1, 0, now + std::min(milliseconds(jitter(random_)), left), pulse_);
  sleep_ = std::min(2 * sleep_, longest_sleep_);
  return true;
}

}  // namespace tributary
