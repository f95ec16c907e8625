// A clock whose time changes only when a test changes it. For one thread.
#ifndef TRIBUTARY_TESTS_PROCESS_MANUAL_CLOCK_H_
#define TRIBUTARY_TESTS_PROCESS_MANUAL_CLOCK_H_

#include "common/clock.h"

namespace tributary::tests {

class ManualClock final : public Clock {
 public:
  time_point Now() const override { return now_; }
  std::chrono::system_clock::time_point WallNow() const override { return wall_now_; }

  void Advance(duration by) { now_ += by; }
  void AdvanceWall(std::chrono::system_clock::duration by) { wall_now_ += by; }
  void SetWall(std::chrono::system_clock::time_point now) { wall_now_ = now; }

 private:
  time_point now_ = std::chrono::steady_clock::now();
  std::chrono::system_clock::time_point wall_now_ = std::chrono::system_clock::now();
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_MANUAL_CLOCK_H_
