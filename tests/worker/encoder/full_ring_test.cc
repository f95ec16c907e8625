// What a worker does while its ring is full.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "common/limits.h"
#include "tests/worker/encoder/encoded_stream.h"

namespace tributary {
namespace {

using namespace std::chrono_literals;

class FullRingTest : public ::testing::Test {
 protected:
  void AddRow() {
    writer_->BeginRow(shape_);
    writer_->Binary(0, std::string(limits::kMiB / 2, 'x'));
    writer_->EndRow();
  }
  // Fills the ring until one more row has to wait.
  void Fill() {
    for (std::size_t bytes = 0; bytes < limits::kRingBytes - 2 * limits::kMiB;
         bytes += limits::kMiB / 2) {
      AddRow();
    }
    writer_->Flush();
  }

  EncodedStream stream_;
  const TableShape shape_{"main", "t", {"c"}};
  std::optional<BatchWriter> writer_{std::in_place, stream_.producer(), 1};
};

TEST_F(FullRingTest, TheEngineIsCalledWhileARowWaitsAndNotBefore) {
  int calls = 0;
  std::size_t taken = 0;
  writer_->WhileFull([&] {
    if (++calls == 2) taken = stream_.Take().size();
  });
  Fill();
  EXPECT_EQ(calls, 0);
  const auto begin = std::chrono::steady_clock::now();
  for (int row = 0; row < 4; ++row) AddRow();
  EXPECT_EQ(calls, 2);
  EXPECT_GT(taken, 0U);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 2 * limits::kRingFullAfter - 10ms);
}

TEST_F(FullRingTest, AwaitingRoomBeforeARowLeavesNothingToWaitForInIt) {
  bool in_row = false;
  int calls = 0;
  writer_->WhileFull([&] {
    EXPECT_FALSE(in_row);
    ++calls;
    stream_.Take();
  });
  Fill();
  for (int row = 0; row < 20; ++row) {
    writer_->AwaitRoom();
    in_row = true;
    writer_->BeginRow(shape_);
    writer_->Binary(0, std::string(limits::kMiB / 2, 'x'));
    in_row = false;
    writer_->EndRow();
    writer_->Flush();
  }
  EXPECT_GT(calls, 0);
}

TEST_F(FullRingTest, AWriterThatIsGoneCallsNobody) {
  int calls = 0;
  writer_->WhileFull([&] { ++calls; });
  Fill();
  writer_.emplace(stream_.producer(), 2);
  std::thread reader([&] {
    std::this_thread::sleep_for(3 * limits::kRingFullAfter);
    stream_.Take();
  });
  for (int row = 0; row < 4; ++row) AddRow();
  reader.join();
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace tributary
