// A worker is not trusted: data that a correct worker never writes ends in INVALID_ARGUMENT, and
// data that changes after the supervisor has read it has no effect.
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <cstring>
#include <functional>
#include <limits>
#include <string>

#include "common/limits.h"
#include "supervisor/pool/ring_consumer.h"

namespace tributary {
namespace {

class BrokenRingTest : public ::testing::Test {
 protected:
  BrokenRingTest() {
    auto memory = RingMemory::Create(limits::kRingBytes);
    EXPECT_TRUE(memory.ok());
    auto other = RingMemory::Attach(FileDescriptor(::dup(memory->fd())), limits::kRingBytes);
    EXPECT_TRUE(other.ok());
    memory_ = std::make_unique<RingMemory>(*std::move(other));
    consumer_ = std::make_shared<RingConsumer>(*std::move(memory),
                                               FileDescriptor(::eventfd(0, EFD_NONBLOCK)));
  }

  static FrameHeader Sound(std::uint64_t sequence) {
    FrameHeader header;
    header.magic = kFrameMagic;
    header.type = FrameType::kBatch;
    header.payload_bytes = 32;
    header.assignment = 1;
    header.sequence = sequence;
    header.records = 1;
    return header;
  }
  void Write(const FrameHeader& header, std::uint64_t at) {
    std::memcpy(memory_->data(at), &header, sizeof(header));
  }
  void Publish(std::uint64_t head) { memory_->control().head.store(head); }

  void ExpectRefused() {
    const auto frame = consumer_->Next();
    EXPECT_EQ(frame.status().code(), absl::StatusCode::kInvalidArgument);
  }
  // The first frame is correct, the second one is not.
  void ExpectRefusedFor(const std::function<void(FrameHeader&)>& spoil) {
    Write(Sound(1), 0);
    FrameHeader header = Sound(2);
    spoil(header);
    Write(header, 64);
    Publish(128);
    auto sound = consumer_->Next();
    ASSERT_TRUE(sound.ok() && sound->has_value());
    ExpectRefused();
  }

  std::unique_ptr<RingMemory> memory_;
  std::shared_ptr<RingConsumer> consumer_;
};

TEST_F(BrokenRingTest, AnotherMagicNumber) {
  ExpectRefusedFor([](FrameHeader& header) { header.magic ^= 1; });
}
TEST_F(BrokenRingTest, AnUnknownType) {
  ExpectRefusedFor([](FrameHeader& header) { header.type = static_cast<FrameType>(0); });
}
TEST_F(BrokenRingTest, ATypeBehindTheLast) {
  ExpectRefusedFor([](FrameHeader& header) {
    header.type = static_cast<FrameType>(static_cast<int>(FrameType::kDigests) + 1);
  });
}
TEST_F(BrokenRingTest, ASequenceThatStandsStill) {
  ExpectRefusedFor([](FrameHeader& header) { header.sequence = 1; });
}
TEST_F(BrokenRingTest, ASequenceThatLeaps) {
  ExpectRefusedFor([](FrameHeader& header) { header.sequence = 3; });
}
TEST_F(BrokenRingTest, APayloadOverTheLimit) {
  ExpectRefusedFor([](FrameHeader& header) {
    header.payload_bytes = static_cast<std::uint32_t>(limits::kMaxFramePayloadBytes + 1);
  });
}
TEST_F(BrokenRingTest, APayloadAsLargeAsNumbersGo) {
  ExpectRefusedFor([](FrameHeader& header) {
    header.payload_bytes = std::numeric_limits<std::uint32_t>::max();
  });
}
TEST_F(BrokenRingTest, APayloadThatEndsBehindTheHead) {
  ExpectRefusedFor([](FrameHeader& header) { header.payload_bytes = 33; });
}
TEST_F(BrokenRingTest, ASkipThatEndsBehindTheHead) {
  ExpectRefusedFor([](FrameHeader& header) { header.skip = 1; });
}
TEST_F(BrokenRingTest, ASkipOverTheLimit) {
  ExpectRefusedFor([](FrameHeader& header) { header.skip = 0xffff; });
}
TEST_F(BrokenRingTest, MoreRecordsThanABatchMayHave) {
  ExpectRefusedFor([](FrameHeader& header) { header.records = 101; });
}
TEST_F(BrokenRingTest, ACompactFormOverTheLimit) {
  ExpectRefusedFor([](FrameHeader& header) {
    header.compact_bytes = static_cast<std::uint32_t>(limits::kMaxCompactBytes + 1);
  });
}
TEST_F(BrokenRingTest, ACompactFormThatEndsBehindTheHead) {
  ExpectRefusedFor([](FrameHeader& header) { header.compact_bytes = 1; });
}
TEST_F(BrokenRingTest, ACompactFormOfAMark) {
  ExpectRefusedFor([](FrameHeader& header) {
    header.type = FrameType::kMark;
    header.records = 0;
    header.payload_bytes = 16;
    header.compact_bytes = 16;
  });
}
TEST_F(BrokenRingTest, ABatchOfNothing) {
  ExpectRefusedFor([](FrameHeader& header) { header.payload_bytes = 0; });
}

TEST_F(BrokenRingTest, AHeadThatIsNotAligned) {
  Write(Sound(1), 0);
  Publish(65);
  ExpectRefused();
}

TEST_F(BrokenRingTest, AHeadThatGoesBack) {
  Write(Sound(1), 0);
  Publish(64);
  ASSERT_TRUE(consumer_->Next().ok());
  Publish(32);
  ExpectRefused();
}

TEST_F(BrokenRingTest, AHeadThatIsTooFar) {
  Write(Sound(1), 0);
  Publish(limits::kRingBytes + 32);
  ExpectRefused();
  Publish(std::numeric_limits<std::uint64_t>::max() - 31);
  ExpectRefused();
}

TEST_F(BrokenRingTest, AHeadThatRunsOverAFrameWhichIsStillHeld) {
  Write(Sound(1), 0);
  Publish(64);
  auto held = consumer_->Next();
  ASSERT_TRUE(held.ok() && held->has_value());
  Write(Sound(2), 64);
  Publish(limits::kRingBytes + 32);
  ExpectRefused();
}

TEST_F(BrokenRingTest, AHeaderThatChangesBehindTheCheckChangesNothing) {
  Write(Sound(1), 0);
  Publish(64);
  auto frame = consumer_->Next();
  ASSERT_TRUE(frame.ok() && frame->has_value());
  FrameHeader changed = Sound(1);
  changed.payload_bytes = static_cast<std::uint32_t>(limits::kMaxFramePayloadBytes);
  changed.assignment = 99;
  Write(changed, 0);
  EXPECT_EQ((*frame)->payload.size(), 32u);
  EXPECT_EQ((*frame)->assignment, 1u);
  Write(Sound(2), 64);
  Publish(128);
  auto next = consumer_->Next();
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE(next->has_value());
}

TEST_F(BrokenRingTest, CountersOfTheOtherSideAreNotBelieved) {
  Write(Sound(1), 0);
  Publish(64);
  // The tail is counted by the supervisor alone.
  memory_->control().tail.store(1'000'000);
  auto frame = consumer_->Next();
  ASSERT_TRUE(frame.ok() && frame->has_value());
  (*frame)->hold.reset();
  EXPECT_EQ(memory_->control().tail.load(), 64u);
}

}  // namespace
}  // namespace tributary
