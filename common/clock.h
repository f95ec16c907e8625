// The only clock: all code with a deadline, an age or a duration uses it, so that a simulation can
// replace it.
//
// Any thread may ask.
#ifndef TRIBUTARY_COMMON_CLOCK_H_
#define TRIBUTARY_COMMON_CLOCK_H_

#include <chrono>

namespace tributary {

class Clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  virtual ~Clock() = default;

  // For deadlines and durations: never goes back.
  virtual time_point Now() const = 0;
  // For ages of things that outlive the process. People can set this clock, so it may jump.
  virtual std::chrono::system_clock::time_point WallNow() const = 0;
};

class SystemClock final : public Clock {
 public:
  time_point Now() const override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point WallNow() const override {
    return std::chrono::system_clock::now();
  }
};

// Lives as long as the process.
inline const Clock& TheSystemClock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_CLOCK_H_
