// Messages that may be sent only after the journal has stored something.
#include "supervisor/delivery/journal.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "supervisor/delivery/outbox.h"

namespace tributary {
namespace {

// Takes all messages at once and keeps them.
class KeepingWriter final : public MessageWriter {
 public:
  void OnProgress(std::function<void()>) override {}
  bool WantProgress(std::size_t) override { return false; }
  void Write(std::string_view bytes, Hold) override { messages.emplace_back(bytes); }
  void Send() override {}
  std::size_t pending_bytes() const override { return 0; }
  std::uint64_t sent_messages() const override { return messages.size(); }
  std::uint64_t sent_bytes() const override { return 0; }
  bool client_gone() const override { return false; }

  std::vector<std::string> messages;
};

class ScriptedJournal final : public Journal {
 public:
  std::uint64_t given() const override { return given_number; }
  std::uint64_t synced() const override { return synced_number; }
  absl::Status failure() const override { return failed; }

  std::uint64_t given_number = 0;
  std::uint64_t synced_number = 0;
  absl::Status failed;
};

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() { outbox_.LeaveAfter(journal_); }
  void Put(const std::string& text) { outbox_.Put(ItemKind::kBatch, text); }
  absl::Status Pump() { return outbox_.Pump({}); }

  KeepingWriter writer_;
  ScriptedJournal journal_;
  Outbox outbox_{writer_, nullptr, 0};
};

TEST_F(JournalTest, MessageLeavesOnlyOnceWhatWasGivenBeforeItIsOnTheDisk) {
  Put("before");
  journal_.given_number = 1;
  Put("told of by 1");
  Put("after it");
  journal_.given_number = 2;
  Put("told of by 2");
  ASSERT_TRUE(Pump().ok());
  EXPECT_EQ(writer_.messages, (std::vector<std::string>{"before"}));
  journal_.synced_number = 1;
  ASSERT_TRUE(Pump().ok());
  EXPECT_EQ(writer_.messages, (std::vector<std::string>{"before", "told of by 1", "after it"}));
  EXPECT_FALSE(outbox_.empty());
  journal_.synced_number = 2;
  ASSERT_TRUE(Pump().ok());
  EXPECT_EQ(writer_.messages.back(), "told of by 2");
  EXPECT_TRUE(outbox_.empty());
}

TEST_F(JournalTest, WhatAFailedJournalHasNotTakenNeverLeaves) {
  journal_.given_number = 1;
  Put("told of by 1");
  journal_.failed = absl::UnavailableError("the disk is gone");
  EXPECT_TRUE(absl::IsUnavailable(Pump()));
  EXPECT_TRUE(absl::IsUnavailable(Pump()));
  EXPECT_TRUE(writer_.messages.empty());
}

TEST_F(JournalTest, FailedJournalHoldsUpNothingThatDoesNotRestUponIt) {
  journal_.failed = absl::UnavailableError("the disk is gone");
  Put("a copy's");
  EXPECT_TRUE(Pump().ok());
  EXPECT_EQ(writer_.messages.size(), 1U);
}

}  // namespace
}  // namespace tributary
