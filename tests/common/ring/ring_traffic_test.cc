// Frames from one side to the other, at all speeds.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "supervisor/pool/ring_consumer.h"
#include "worker/encoder/ring_producer.h"

namespace tributary {
namespace {

constexpr std::size_t kBytes = 64 * 1024;
constexpr int kFrames = 20'000;

// The payload of the frame with this number, made from it and the seed.
std::string PayloadOf(std::uint64_t seed, std::uint32_t number) {
  std::mt19937_64 random(seed * 1'000'003 + number);
  const std::size_t bytes = random() % 8 == 0 ? random() % 8000 : random() % 200;
  std::string payload(bytes + 1, static_cast<char>('a' + number % 26));
  payload.back() = static_cast<char>(number);
  return payload;
}

class RingTrafficTest : public ::testing::Test {
 protected:
  RingTrafficTest() : data_ready_(::eventfd(0, EFD_NONBLOCK)) {
    auto memory = RingMemory::Create(kBytes);
    EXPECT_TRUE(memory.ok());
    auto other = RingMemory::Attach(FileDescriptor(::dup(memory->fd())), kBytes);
    EXPECT_TRUE(other.ok());
    consumer_ = std::make_shared<RingConsumer>(*std::move(memory),
                                               FileDescriptor(::eventfd(0, EFD_NONBLOCK)));
    producer_ = std::make_unique<RingProducer>(*std::move(other), data_ready_.get(),
                                               consumer_->space_free_fd());
  }

  void Produce(std::uint64_t seed, bool slowly) {
    std::mt19937_64 random(seed);
    for (std::uint32_t number = 1; number <= kFrames; ++number) {
      if (slowly && random() % 64 == 0) std::this_thread::yield();
      // Small frames do not ring the doorbell; only the end of a read does.
      const FrameType type = number == kFrames ? FrameType::kEnd : FrameType::kBatch;
      producer_->Send(type, number, PayloadOf(seed, number), number % 100);
    }
  }

  // Releases frames late and out of order.
  void Consume(std::uint64_t seed, bool slowly) {
    std::mt19937_64 random(seed + 1);
    std::vector<Hold> held;
    std::size_t held_bytes = 0;
    for (std::uint32_t number = 1; number <= kFrames;) {
      auto frame = consumer_->Next();
      ASSERT_TRUE(frame.ok()) << frame.status();
      if (!frame->has_value()) {
        held.clear();
        held_bytes = 0;
        if (!consumer_->ArmDoorbell()) continue;
        pollfd wait{data_ready_.get(), POLLIN, 0};
        // Much longer than the time for which the producer sleeps by itself, so that a lost wake-up
        // is detected here.
        ASSERT_EQ(::poll(&wait, 1, 60'000), 1) << "the doorbell never rang";
        std::uint64_t rings;
        ASSERT_EQ(::read(data_ready_.get(), &rings, sizeof(rings)), 8);
        continue;
      }
      ASSERT_EQ((*frame)->assignment, number);
      ASSERT_EQ((*frame)->records, number % 100);
      ASSERT_EQ((*frame)->payload, PayloadOf(seed, number));
      held_bytes += (*frame)->payload.size();
      held.push_back((*frame)->hold);
      ++number;
      if (slowly && random() % 64 == 0) std::this_thread::yield();
      if (held_bytes < kBytes / 4) continue;
      std::shuffle(held.begin(), held.end(), random);
      held.clear();
      held_bytes = 0;
    }
    held.clear();
    EXPECT_EQ(consumer_->bytes_held(), 0u);
  }

  FileDescriptor data_ready_;
  std::shared_ptr<RingConsumer> consumer_;
  std::unique_ptr<RingProducer> producer_;
};

TEST_F(RingTrafficTest, ASlowReaderGetsEverythingInOrder) {
  std::thread producer([this] { Produce(11, /*slowly=*/false); });
  Consume(11, /*slowly=*/true);
  producer.join();
}

TEST_F(RingTrafficTest, ASlowWriterLosesNoWakeUp) {
  std::thread producer([this] { Produce(22, /*slowly=*/true); });
  Consume(22, /*slowly=*/false);
  producer.join();
}

TEST_F(RingTrafficTest, AProcessAtTheOtherEndIsTheSame) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Produce(33, false);
    ::_exit(0);
  }
  Consume(33, true);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(RingTrafficTest, WhatAKilledWorkerHadPublishedCanBeRead) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (std::uint32_t number = 1; number <= 50; ++number) {
      producer_->Send(FrameType::kBatch, number, PayloadOf(44, number % 20), 1);
    }
    // A frame that is never sent.
    producer_->Reserve(100)[0] = 'x';
    [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ::close(ready[0]);
  ::close(ready[1]);
  for (std::uint32_t number = 1; number <= 50; ++number) {
    auto frame = consumer_->Next();
    ASSERT_TRUE(frame.ok() && frame->has_value());
    EXPECT_EQ((*frame)->payload, PayloadOf(44, number % 20));
  }
  auto none = consumer_->Next();
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_value());
}

TEST_F(RingTrafficTest, DetachedFramesKeepTheirBytesWhileTheRingIsUsedAgain) {
  std::vector<Frame> held;
  for (std::uint32_t number = 1; number <= 10; ++number) {
    producer_->Send(FrameType::kBatch, number, PayloadOf(55, number), 1);
    auto frame = consumer_->Next();
    ASSERT_TRUE(frame.ok() && frame->has_value());
    held.push_back(**frame);
  }
  ASSERT_TRUE(consumer_->Detach().ok());
  EXPECT_EQ(consumer_->bytes_held(), 0u);
  // Fills the ring several times, over the places of the frames that are held.
  for (std::uint32_t number = 11; number <= 400; ++number) {
    producer_->Send(FrameType::kBatch, number, PayloadOf(55, number), 1);
    auto frame = consumer_->Next();
    ASSERT_TRUE(frame.ok() && frame->has_value());
    ASSERT_EQ((*frame)->payload, PayloadOf(55, number));
    // Checked again from time to time, while some of both views are held.
    if (number % 100 == 0) {
      held.push_back(**frame);
      ASSERT_TRUE(consumer_->Detach().ok());
    }
  }
  for (const Frame& frame : held) EXPECT_EQ(frame.payload, PayloadOf(55, frame.assignment));
  held.clear();
  EXPECT_EQ(consumer_->bytes_held(), 0u);
  producer_->Send(FrameType::kBatch, 401, "goes on", 1);
  auto frame = consumer_->Next();
  ASSERT_TRUE(frame.ok() && frame->has_value());
  EXPECT_EQ((*frame)->payload, "goes on");
}

TEST_F(RingTrafficTest, FramesGivenBackOutOfOrderFreeSpaceInOrder) {
  std::vector<Hold> held;
  for (std::uint32_t number = 1; number <= 3; ++number) {
    producer_->Send(FrameType::kBatch, number, std::string(1000, 'x'), 1);
    auto frame = consumer_->Next();
    ASSERT_TRUE(frame.ok() && frame->has_value());
    held.push_back((*frame)->hold);
  }
  const std::size_t all = consumer_->bytes_held();
  held[1].reset();
  EXPECT_EQ(consumer_->bytes_held(), all);
  held[0].reset();
  EXPECT_EQ(consumer_->bytes_held(), all / 3);
  held[2].reset();
  EXPECT_EQ(consumer_->bytes_held(), 0u);
}

}  // namespace
}  // namespace tributary
