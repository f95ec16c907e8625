// A bell between a supervisor and a worker that tries to block it.
#include "common/ring/bell.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cstdint>

namespace tributary {
namespace {

// More than fit into a pipe.
constexpr int kManyRings = 20'000;

class BellTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto bell = MakeBell();
    ASSERT_TRUE(bell.ok()) << bell.status();
    bell_ = *std::move(bell);
  }
  FileDescriptor Other(int access) {
    auto other = OpenBellFor(bell_.get(), access);
    EXPECT_TRUE(other.ok()) << other.status();
    return other.ok() ? *std::move(other) : FileDescriptor();
  }
  static bool Rung(int fd) {
    pollfd wait{fd, POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
  }
  static void LetBlock(int fd) {
    ASSERT_EQ(::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
  }

  FileDescriptor bell_;
};

TEST_F(BellTest, IsHeardByTheOtherSideUntilItIsCleared) {
  const FileDescriptor sleeper = Other(O_RDONLY);
  EXPECT_FALSE(Rung(sleeper.get()));
  RingBell(bell_.get());
  RingBell(bell_.get());
  EXPECT_TRUE(Rung(sleeper.get()));
  ClearBell(sleeper.get());
  EXPECT_FALSE(Rung(sleeper.get()));

  const FileDescriptor ringer = Other(O_WRONLY);
  RingBell(ringer.get());
  EXPECT_TRUE(Rung(bell_.get()));
  ClearBell(bell_.get());
  EXPECT_FALSE(Rung(bell_.get()));
}

TEST_F(BellTest, SleeperThatNeverClearsItDoesNotStopWhoRings) {
  const FileDescriptor sleeper = Other(O_RDONLY);
  LetBlock(sleeper.get());
  for (int ring = 0; ring < kManyRings; ++ring) RingBell(bell_.get());
  EXPECT_TRUE(Rung(sleeper.get()));
}

TEST_F(BellTest, RingerThatFillsItStopsNeitherTheSleeperNorOtherRingers) {
  const FileDescriptor rogue = Other(O_WRONLY);
  const FileDescriptor sound = Other(O_WRONLY);
  for (int ring = 0; ring < kManyRings; ++ring) RingBell(rogue.get());
  LetBlock(rogue.get());
  RingBell(sound.get());
  RingBell(bell_.get());
  EXPECT_TRUE(Rung(bell_.get()));
  while (Rung(bell_.get())) ClearBell(bell_.get());
  // As if another thread had already cleared the bell.
  ClearBell(bell_.get());
}

TEST_F(BellTest, IsRungWithoutASignalWhenTheSleeperIsGone) {
  Other(O_RDONLY).Close();
  RingBell(bell_.get());
  EXPECT_TRUE(Rung(bell_.get()));
}

TEST_F(BellTest, OneWhoMayOnlySleepCannotRing) {
  const FileDescriptor sleeper = Other(O_RDONLY);
  RingBell(sleeper.get());
  EXPECT_FALSE(Rung(bell_.get()));
}

}  // namespace
}  // namespace tributary
