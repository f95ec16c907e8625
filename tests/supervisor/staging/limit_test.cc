// What is dropped when the staging is full, and what is kept.
#include <gtest/gtest.h>

#include "supervisor/staging/staging.h"
#include "tests/supervisor/staging/staged_stream.h"

namespace tributary {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLimitBytes = 4 * limits::kMiB;

class LimitTest : public ::testing::Test {
 protected:
  LimitTest() : options_(OptionsFor(folder_.path())) {
    options_.limit_bytes = kLimitBytes;
    stream_.checkpoint_every = 10;
    stream_.batch_bytes = 50000;
  }

  void Open() { store_ = StagingStore::Open(options_).value(); }
  void Begin(const std::string& epoch = kEpoch) { writer_ = store_->Begin(epoch, kKey).value(); }
  void Close() {
    writer_.reset();
    store_.reset();
  }
  // Appends until an item is refused; continues at `position_`.
  absl::Status AppendUntilRefused(std::uint64_t at_most) {
    for (std::uint64_t i = 0; i < at_most; ++i) {
      absl::Status status = stream_.Append(*writer_, position_ + 1, position_ + 1);
      if (!status.ok()) return status;
      ++position_;
    }
    return absl::OkStatus();
  }
  std::uint64_t BytesInFiles() const {
    std::uint64_t bytes = 0;
    for (const fs::path& file : FilesBelow(folder_.path())) bytes += fs::file_size(file);
    return bytes;
  }

  TempFolder folder_;
  StagingOptions options_;
  StagedStream stream_;
  std::unique_ptr<StagingStore> store_;
  std::unique_ptr<EpochWriter> writer_;
  std::uint64_t position_ = 0;
};

TEST_F(LimitTest, BytesOnDiskAreWhatTheFilesHold) {
  Open();
  Begin();
  ASSERT_TRUE(stream_.Append(*writer_, 1, 60).ok());
  const auto files = static_cast<double>(BytesInFiles());
  EXPECT_NEAR(static_cast<double>(writer_->bytes_on_disk()), files, files / 100);
  EXPECT_EQ(writer_->wire_bytes() / 50000, 60u);
  Close();
  Open();
  EXPECT_NEAR(static_cast<double>(store_->bytes_on_disk()), files, files / 100);
}

TEST_F(LimitTest, FullStagingWaitsForACheckpointToBeSentAndTakesNothing) {
  Open();
  Begin();
  absl::Status status = AppendUntilRefused(1000);
  ASSERT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_LE(BytesInFiles(), kLimitBytes);
  EXPECT_GT(BytesInFiles(), kLimitBytes * 3 / 4);
  // Repeated calls give the same answer.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(AppendUntilRefused(1).code(), absl::StatusCode::kResourceExhausted);
  }
  writer_->ConfirmSent(20);
  EXPECT_TRUE(AppendUntilRefused(1).ok());
  EXPECT_EQ(writer_->Read(1).status().code(), absl::StatusCode::kNotFound);
  auto held = writer_->Read(writer_->staged_position());
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(Difference(stream_, *held, writer_->staged_position()), "");
}

TEST_F(LimitTest, CheckpointNeverWaits) {
  stream_.checkpoint_every = 1000000;
  Open();
  Begin();
  ASSERT_EQ(AppendUntilRefused(1000).code(), absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(writer_->Append({position_ + 1, ItemKind::kCheckpoint, "state"}).ok());
  writer_->ConfirmSent(++position_);
  // That checkpoint covers everything, including the segment that is being written.
  EXPECT_TRUE(AppendUntilRefused(40).ok());
}

TEST_F(LimitTest, LongStreamStaysBelowTheLimitAndItsEndCanBeReplayed) {
  Open();
  Begin();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(AppendUntilRefused(10).ok());
    writer_->ConfirmSent(position_);
    ASSERT_LE(BytesInFiles(), kLimitBytes);
  }
  Close();
  EXPECT_EQ(ReplayAll(options_, stream_, 10).status.code(), absl::StatusCode::kNotFound);
  const Replayed replayed = ReplayAll(options_, stream_, 970);
  ASSERT_TRUE(replayed.status.ok()) << replayed.status;
  EXPECT_EQ(replayed.difference, "");
  EXPECT_EQ(replayed.last, 1000u);
}

TEST_F(LimitTest, NothingGoesWhileThereIsRoom) {
  Open();
  Begin();
  ASSERT_TRUE(AppendUntilRefused(40).ok());
  writer_->ConfirmSent(40);
  ASSERT_TRUE(AppendUntilRefused(1).ok());
  EXPECT_TRUE(writer_->Read(1).ok());
}

TEST_F(LimitTest, WhatASlowClientStillReadsDoesNotGo) {
  Open();
  Begin();
  writer_->ReadBackFrom(5);
  ASSERT_EQ(AppendUntilRefused(1000).code(), absl::StatusCode::kResourceExhausted);
  writer_->ConfirmSent(writer_->staged_position());
  EXPECT_EQ(AppendUntilRefused(1).code(), absl::StatusCode::kResourceExhausted);
  for (std::uint64_t position = 5; position < 30; ++position) {
    auto block = writer_->Read(position);
    ASSERT_TRUE(block.ok()) << block.status();
    ASSERT_EQ(Difference(stream_, *block, position), "");
  }
  writer_->ReadBackFrom(30);
  EXPECT_TRUE(AppendUntilRefused(1).ok());
  EXPECT_TRUE(writer_->Read(30).ok());
  writer_->ReadBackFrom(EpochWriter::kNoReadBack);
  EXPECT_TRUE(AppendUntilRefused(20).ok());
}

TEST_F(LimitTest, MessageThatCanNeverFitIsRefusedForGood) {
  Open();
  Begin();
  EXPECT_EQ(writer_->Append({1, ItemKind::kBatch, std::string(kLimitBytes, 'x')}).code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(writer_->Append({1, ItemKind::kBatch, "small"}).ok());
}

TEST_F(LimitTest, LargeMessagesFitOnceTheirForerunnersAreSent) {
  stream_.checkpoint_every = 2;
  stream_.batch_bytes = 3 * limits::kMiB;
  Open();
  Begin();
  for (std::uint64_t position = 1; position <= 8; ++position) {
    absl::Status status = stream_.Append(*writer_, position, position);
    ASSERT_TRUE(status.ok()) << status;
    if (stream_.KindAt(position) == ItemKind::kCheckpoint) writer_->ConfirmSent(position);
  }
  EXPECT_TRUE(writer_->Read(8).ok());
}

TEST_F(LimitTest, OlderEpochsGoBeforeAnythingOfThisOne) {
  Open();
  Begin(kOtherEpoch);
  ASSERT_EQ(AppendUntilRefused(1000).code(), absl::StatusCode::kResourceExhausted);
  writer_.reset();
  position_ = 0;
  Begin();
  ASSERT_TRUE(AppendUntilRefused(60).ok());
  EXPECT_FALSE(fs::exists(folder_.path() + "/" + kConnection + "/" + kOtherEpoch));
  EXPECT_TRUE(writer_->Read(1).ok());
}

TEST_F(LimitTest, ReplayedEpochStaysUntilItIsSent) {
  Open();
  Begin(kOtherEpoch);
  ASSERT_TRUE(AppendUntilRefused(60).ok());
  Close();
  Open();
  auto replay = store_->OpenReplay(kOtherEpoch, kKey, 0).value();
  position_ = 0;
  Begin();
  ASSERT_EQ(AppendUntilRefused(1000).code(), absl::StatusCode::kResourceExhausted);
  // These positions were not even replayed, so confirming them frees nothing.
  replay->ConfirmSent(60);
  ASSERT_EQ(AppendUntilRefused(1).code(), absl::StatusCode::kResourceExhausted);
  std::uint64_t due = 1;
  while (due <= 30) {
    auto block = replay->Next().value();
    ASSERT_EQ(Difference(stream_, *block, due), "");
    due = block->items.back().position + 1;
  }
  replay->ConfirmSent(30);
  EXPECT_TRUE(AppendUntilRefused(5).ok());
  for (;;) {
    auto block = replay->Next();
    ASSERT_TRUE(block.ok()) << block.status();
    if (!block->has_value()) break;
    ASSERT_EQ(Difference(stream_, **block, due), "");
    due = (*block)->items.back().position + 1;
  }
  EXPECT_EQ(due, 61u);
  replay.reset();
  EXPECT_TRUE(AppendUntilRefused(20).ok());
}

}  // namespace
}  // namespace tributary
