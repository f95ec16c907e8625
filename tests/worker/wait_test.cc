#include "worker/wait.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "common/file_descriptor.h"

namespace tributary {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class BeatTimes : public Pulse {
 public:
  void Beat() override { times_.push_back(Clock::now()); }
  std::size_t count() const { return times_.size(); }
  // The longest time between two beats, and from the last one until now.
  milliseconds longest_gap() const {
    milliseconds longest(0);
    for (std::size_t at = 0; at < times_.size(); ++at) {
      const auto next = at + 1 < times_.size() ? times_[at + 1] : Clock::now();
      longest = std::max(longest, std::chrono::ceil<milliseconds>(next - times_[at]));
    }
    return longest;
  }

 private:
  std::vector<Clock::time_point> times_;
};

class WaitTest : public testing::Test {
 protected:
  WaitTest() {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    read_end_ = FileDescriptor(ends[0]);
    write_end_ = FileDescriptor(ends[1]);
  }

  FileDescriptor read_end_;
  FileDescriptor write_end_;
  BeatTimes pulse_;
};

TEST_F(WaitTest, ReadyDescriptorIsToldAtOnce) {
  ASSERT_EQ(::write(write_end_.get(), "x", 1), 1);
  const auto far = Clock::now() + std::chrono::hours(1);
  EXPECT_EQ(WaitFor(read_end_.get(), POLLIN, far, pulse_), POLLIN);
  EXPECT_EQ(WaitFor(write_end_.get(), POLLOUT, far, pulse_), POLLOUT);
  EXPECT_EQ(pulse_.count(), 2u);
}

TEST_F(WaitTest, DescriptorThatBecomesReadyEndsTheWait) {
  std::thread writer([this] {
    std::this_thread::sleep_for(milliseconds(50));
    (void)!::write(write_end_.get(), "x", 1);
  });
  EXPECT_EQ(WaitFor(read_end_.get(), POLLIN, Clock::now() + std::chrono::hours(1), pulse_), POLLIN);
  writer.join();
}

TEST_F(WaitTest, OtherEndThatGoesEndsTheWait) {
  write_end_.Close();
  EXPECT_EQ(WaitFor(read_end_.get(), POLLIN, Clock::now() + std::chrono::hours(1), pulse_),
            POLLHUP);
}

TEST_F(WaitTest, TimeEndsTheWaitAndNotBefore) {
  for (const int descriptor : {read_end_.get(), -1}) {
    const auto until = Clock::now() + milliseconds(30);
    EXPECT_EQ(WaitFor(descriptor, POLLIN, until, pulse_), 0);
    EXPECT_GE(Clock::now(), until);
  }
}

TEST_F(WaitTest, TimeThatIsPastStillLooksOnce) {
  ASSERT_EQ(::write(write_end_.get(), "x", 1), 1);
  EXPECT_EQ(WaitFor(read_end_.get(), POLLIN, Clock::now() - milliseconds(5), pulse_), POLLIN);
  EXPECT_EQ(WaitFor(-1, 0, Clock::now() - milliseconds(5), pulse_), 0);
}

TEST_F(WaitTest, LongWaitBeatsMoreThanOnceASecond) {
  EXPECT_EQ(WaitFor(read_end_.get(), POLLIN, Clock::now() + milliseconds(1700), pulse_), 0);
  EXPECT_GE(pulse_.count(), 4u);
  EXPECT_LT(pulse_.longest_gap(), milliseconds(1000));
}

TEST_F(WaitTest, SignalsDoNotEndTheWait) {
  struct sigaction nothing = {};
  struct sigaction before = {};
  nothing.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &nothing, &before), 0);
  std::atomic<bool> done = false;
  std::thread disturber([&done, waiting = ::pthread_self()] {
    while (!done) {
      ::pthread_kill(waiting, SIGUSR1);
      std::this_thread::sleep_for(milliseconds(1));
    }
  });
  const auto until = Clock::now() + milliseconds(50);
  EXPECT_EQ(WaitFor(read_end_.get(), POLLIN, until, pulse_), 0);
  EXPECT_GE(Clock::now(), until);
  done = true;
  disturber.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(PatienceTest, SleepsGrowUpToTheLongestAndEndWithTheLimit) {
  BeatTimes pulse;
  const auto begun = Clock::now();
  Patience patience(pulse, milliseconds(200), milliseconds(40));
  int sleeps = 0;
  while (patience.Wait()) ++sleeps;
  EXPECT_GE(Clock::now() - begun, milliseconds(200));
  // 2 + 4 + … + 32 are five sleeps; the others are at most 40 each, and half of that with the
  // largest jitter.
  EXPECT_GE(sleeps, 5 + (200 - 62) / 40);
  EXPECT_LE(sleeps, 200);
  EXPECT_GE(pulse.count(), static_cast<std::size_t>(sleeps));
}

TEST(PatienceTest, AShareOfTheLimitEndsEarlier) {
  BeatTimes pulse;
  Patience patience(pulse, std::chrono::hours(1));
  EXPECT_TRUE(patience.Wait());
  EXPECT_FALSE(patience.Wait(0.0));
  EXPECT_TRUE(patience.Wait(1.0));
}

}  // namespace
}  // namespace tributary
