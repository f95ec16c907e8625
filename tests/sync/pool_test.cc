// Answers that come before their turn.
#include "supervisor/pool/pool.h"

#include <gtest/gtest.h>

#include "tests/sync/fake_worker.h"

namespace tributary::tests {
namespace {

class EarlyAnswersTest : public ::testing::Test {
 protected:
  EarlyAnswersTest()
      : pool_(StartFakes([](int) { return [](const Assignment&, FakeWorker&) {}; }), Opening(), 1,
              bell_, metrics_) {
    EXPECT_TRUE(pool_.Start(1).ok());
  }

  Member& member() { return pool_.members().front(); }
  void Answer(std::uint32_t id) { static_cast<FakeWorker&>(*member().process).AnswerCut(id); }
  std::uint32_t Received() {
    const auto answer = pool_.Receive(member());
    return answer.has_value() ? answer->assignment() : 0;
  }

  Doorbell bell_ = Doorbell::Make().value();
  Metrics metrics_;
  Pool pool_;
};

TEST_F(EarlyAnswersTest, AnswersToCutsWaitForTheirTurn) {
  pool_.Give(member(), ReadWork(), Assignment());
  pool_.Give(member(), CutWork(), Assignment());
  pool_.Give(member(), ReadWork(), Assignment());
  pool_.Give(member(), CutWork(), Assignment());
  Answer(2);
  Answer(4);
  EXPECT_EQ(Received(), 0u);
  member().given.pop_front();
  EXPECT_EQ(Received(), 2u);
  member().given.pop_front();
  EXPECT_EQ(Received(), 0u);
  member().given.pop_front();
  EXPECT_EQ(Received(), 4u);
}

// They would pile up, as large as each may be.
TEST_F(EarlyAnswersTest, NothingElseWaits) {
  pool_.Give(member(), ReadWork(), Assignment());
  pool_.Give(member(), ReadWork(), Assignment());
  pool_.Give(member(), CutWork(), Assignment());
  // A read is not answered here.
  Answer(2);
  EXPECT_EQ(Received(), 2u);
  EXPECT_TRUE(member().early.empty());
  // Nor a cut twice.
  Answer(3);
  Answer(3);
  EXPECT_EQ(Received(), 3u);
  EXPECT_EQ(member().early.size(), 1u);
}

}  // namespace
}  // namespace tributary::tests
