// Signs of life, with the clock that the pool or a question is given.
#include <gtest/gtest.h>

#include <chrono>

#include "absl/strings/match.h"
#include "common/limits.h"
#include "supervisor/pool/ask.h"
#include "supervisor/pool/pool.h"
#include "tests/process/manual_clock.h"
#include "tests/supervisor/sync/fake_worker.h"

namespace tributary::tests {
namespace {

constexpr std::chrono::milliseconds kLook(1000);

Order SomeRead() {
  Order order;
  order.kind = Order::Kind::kRead;
  order.assignment.mutable_read();
  return order;
}

class Pulses : public ::testing::Test {
 protected:
  // A worker that takes its assignment and then shows no sign of life.
  static FakeWorker::Script Silent() {
    return [](const Assignment&, FakeWorker& worker) { worker.ring().StopPulse(); };
  }

  ManualClock clock_;
  Metrics metrics_;
  Doorbell bell_ = Doorbell::Make().value();
};

TEST_F(Pulses, WorkerWithoutOneIsEndedAfterSoManyLooksASecondApart) {
  Pool pool(StartFakes([](int) { return Silent(); }), Opening(), 1, bell_, metrics_, clock_);
  ASSERT_TRUE(pool.Start(1).ok());
  Member& member = pool.members().front();
  pool.Give(member, SomeRead());
  // The first look sees the pulse; at the looks after it, the pulse has not changed.
  for (int look = 0; look <= limits::kSilentPulseLooks; ++look) {
    EXPECT_FALSE(member.ended) << look;
    clock_.Advance(kLook);
    pool.Look(member);
    // More looks within the same second do not count.
    for (int again = 0; again < 100; ++again) pool.Look(member);
  }
  EXPECT_TRUE(member.ended);
  EXPECT_TRUE(absl::StrContains(member.ending, "no sign of life")) << member.ending;
}

// The supervisor itself was stopped.
TEST_F(Pulses, TimeAloneEndsNobody) {
  Pool pool(StartFakes([](int) { return Silent(); }), Opening(), 1, bell_, metrics_, clock_);
  ASSERT_TRUE(pool.Start(1).ok());
  Member& member = pool.members().front();
  pool.Give(member, SomeRead());
  pool.Look(member);
  clock_.Advance(std::chrono::hours(1));
  pool.Look(member);
  EXPECT_FALSE(member.ended);
}

TEST_F(Pulses, QuestionToASilentWorkerEndsWithIt) {
  FakeWorker worker(Silent());
  Assignment test;
  test.set_id(1);
  test.mutable_test();
  const auto answer = Ask(
      worker, test,
      [this] {
        clock_.Advance(kLook);
        return false;
      },
      clock_);
  EXPECT_TRUE(absl::IsUnavailable(answer.status())) << answer.status();
  EXPECT_TRUE(absl::StrContains(answer.status().message(), "no sign of life")) << answer.status();
}

}  // namespace
}  // namespace tributary::tests
