#include "common/control_channel.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/socket.h>

#include <string>
#include <thread>

#include "common/limits.h"
#include "proto/worker.pb.h"

namespace tributary {
namespace {

ToWorker MessageOf(std::uint32_t id, std::size_t text_bytes) {
  ToWorker message;
  message.mutable_assignment()->set_id(id);
  message.mutable_assignment()->mutable_test()->set_name(std::string(text_bytes, 'm'));
  return message;
}

std::string OnTheWire(const ToWorker& message) {
  const std::string bytes = message.SerializeAsString();
  std::string wire;
  for (int i = 0; i < 4; ++i) wire.push_back(static_cast<char>(bytes.size() >> (8 * i)));
  return wire + bytes;
}

class ControlChannelTest : public ::testing::Test {
 protected:
  ControlChannelTest()
      : ends_(ControlChannel::MakePair().value()), channel_(std::move(ends_.first)) {}

  void Raw(std::string_view bytes) {
    ASSERT_EQ(::send(ends_.second.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  std::pair<FileDescriptor, FileDescriptor> ends_;
  ControlChannel channel_;
};

TEST_F(ControlChannelTest, AMessageInPiecesIsThereWhenItsLastByteIs) {
  const ToWorker sent = MessageOf(7, 300);
  const std::string wire = OnTheWire(sent) + OnTheWire(ToWorker());
  ToWorker got;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    const auto received = channel_.Receive(got);
    ASSERT_TRUE(received.ok());
    ASSERT_EQ(*received, i == OnTheWire(sent).size()) << i;
    Raw(std::string_view(wire).substr(i, 1));
  }
  EXPECT_EQ(got.SerializeAsString(), sent.SerializeAsString());
  // An empty message counts as a message.
  auto received = channel_.Receive(got);
  ASSERT_TRUE(received.ok());
  EXPECT_TRUE(*received);
  EXPECT_EQ(got.ByteSizeLong(), 0u);
}

TEST_F(ControlChannelTest, MessagesThatCameTogetherAreGivenOneByOne) {
  Raw(OnTheWire(MessageOf(1, 10)) + OnTheWire(MessageOf(2, 0)) + OnTheWire(MessageOf(3, 5000)));
  ToWorker got;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    const auto received = channel_.Receive(got);
    ASSERT_TRUE(received.ok() && *received);
    EXPECT_EQ(got.assignment().id(), id);
  }
  EXPECT_FALSE(channel_.Receive(got).value());
}

TEST_F(ControlChannelTest, AClaimOverTheLimitBreaksItBeforeAnythingIsGathered) {
  Raw(std::string("\xff\xff\xff\xff", 4));
  ToWorker got;
  EXPECT_EQ(channel_.Receive(got).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ControlChannelTest, PeerThatMustBeSilentIsSilentGoneOrHeard) {
  EXPECT_TRUE(channel_.CheckSilence().ok());
  Raw("x");
  EXPECT_EQ(channel_.CheckSilence().code(), absl::StatusCode::kInvalidArgument);
  ends_.second.Close();
  EXPECT_EQ(channel_.CheckSilence().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ControlChannelTest, BytesThatAreNoMessageBreakIt) {
  Raw(std::string("\x03\0\0\0\xff\xff\xff", 7));
  ToWorker got;
  EXPECT_EQ(channel_.Receive(got).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ControlChannelTest, WhatThePeerSentBeforeItWentIsStillReceived) {
  Raw(OnTheWire(MessageOf(1, 10)) + std::string("\x09\0\0\0half", 8));
  ends_.second.Close();
  ToWorker got;
  ASSERT_TRUE(channel_.Receive(got).value());
  EXPECT_EQ(got.assignment().id(), 1u);
  EXPECT_EQ(channel_.Receive(got).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(channel_.Receive(got).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ControlChannelTest, SendingToAPeerThatIsGoneIsAnErrorAndNoSignal) {
  ends_.second.Close();
  EXPECT_EQ(channel_.Send(MessageOf(1, 10)).code(), absl::StatusCode::kUnavailable);
}

TEST_F(ControlChannelTest, AMessageOverTheLimitIsNotSent) {
  EXPECT_EQ(channel_.Send(MessageOf(1, limits::kMaxControlMessageBytes)).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(channel_.has_unsent());
  // The channel still works.
  ASSERT_TRUE(channel_.Send(MessageOf(2, 3)).ok());
  ControlChannel other(std::move(ends_.second));
  ToWorker got;
  ASSERT_TRUE(other.Receive(got).value());
  EXPECT_EQ(got.assignment().id(), 2u);
}

TEST_F(ControlChannelTest, LargeMessagesReachAReaderThatComesLate) {
  const ToWorker large = MessageOf(5, 30 * limits::kMiB);
  ASSERT_TRUE(channel_.Send(large).ok());
  ASSERT_TRUE(channel_.Send(MessageOf(6, 1)).ok());
  EXPECT_TRUE(channel_.has_unsent());
  std::thread reader([this, &large] {
    ControlChannel other(std::move(ends_.second));
    ToWorker got;
    for (std::uint32_t id = 5; id <= 6;) {
      const auto received = other.Receive(got);
      ASSERT_TRUE(received.ok());
      if (!*received) {
        other.Wait(std::chrono::milliseconds(100));
        continue;
      }
      ASSERT_EQ(got.assignment().id(), id++);
      if (id == 6) {
        ASSERT_TRUE(got.assignment().test().name() == large.assignment().test().name());
      }
    }
  });
  while (channel_.has_unsent()) {
    channel_.Wait(std::chrono::milliseconds(100));
    ASSERT_TRUE(channel_.Flush().ok());
  }
  reader.join();
}

TEST_F(ControlChannelTest, ReaderThatIsAlwaysLateCostsTheMemoryOfWhatItHasNotRead) {
  ControlChannel other(std::move(ends_.second));
  const ToWorker message = MessageOf(1, limits::kMiB);
  ToWorker got;
  const auto memory = [] { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; };
  ASSERT_TRUE(channel_.Send(message).ok());
  const std::size_t before = memory();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(channel_.Send(message).ok());
    while (!other.Receive(got).value()) ASSERT_TRUE(channel_.Flush().ok());
    ASSERT_TRUE(channel_.has_unsent());
  }
  EXPECT_LT(memory(), before + 10 * limits::kMiB);
}

}  // namespace
}  // namespace tributary
