// Disks that fail, fill up, cannot be written to, or lose data that was not synced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "supervisor/staging/staging.h"
#include "tests/supervisor/staging/fault_env.h"
#include "tests/supervisor/staging/staged_stream.h"

namespace tributary {
namespace {

using ::testing::HasSubstr;

// Codes that tell the caller to go on without staging, or from the source.
bool IsCleanRefusal(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDataLoss(status) || absl::IsNotFound(status) ||
         absl::IsFailedPrecondition(status);
}

class DiskFaultTest : public ::testing::TestWithParam<bool> {
 protected:
  DiskFaultTest() { stream_.batch_bytes = 8000; }

  StagingOptions Options(const std::string& root) {
    StagingOptions options = OptionsFor(root);
    options.segment_bytes = 32 * limits::kKiB;
    options.limit_bytes = 400 * limits::kKiB;
    options.env = &env_;
    return options;
  }

  // A sync that stages, drops data to stay below its limit, reads back, and replays what the sync
  // before it left. Returns the position up to which it may claim that everything is staged; 0 if
  // it did not get that far.
  std::uint64_t RunSync(const std::string& root) {
    auto store = StagingStore::Open(Options(root));
    if (!store.ok()) {
      EXPECT_TRUE(IsCleanRefusal(store.status())) << store.status();
      return 0;
    }
    auto old = (*store)->OpenReplay(kOtherEpoch, kKey, 5);
    if (!old.ok()) {
      EXPECT_TRUE(IsCleanRefusal(old.status())) << old.status();
    }
    for (std::uint64_t due = 6; old.ok();) {
      auto block = (*old)->Next();
      if (!block.ok()) {
        EXPECT_TRUE(IsCleanRefusal(block.status())) << block.status();
      }
      if (!block.ok() || !block->has_value()) break;
      EXPECT_EQ(Difference(stream_, **block, due), "");
      due = (*block)->items.back().position + 1;
    }
    if (old.ok()) old->reset();
    auto writer = (*store)->Begin(kEpoch, kKey);
    if (!writer.ok()) {
      EXPECT_TRUE(IsCleanRefusal(writer.status())) << writer.status();
      return 0;
    }
    return Stage(**writer);
  }

  std::uint64_t Stage(EpochWriter& writer) {
    for (std::uint64_t position = 1; position <= 100; ++position) {
      const absl::Status appended = stream_.Append(writer, position, position);
      if (!appended.ok()) {
        EXPECT_TRUE(IsCleanRefusal(appended)) << appended;
        EXPECT_EQ(stream_.Append(writer, position, position).code(),
                  absl::StatusCode::kFailedPrecondition);
        EXPECT_EQ(writer.Flush().code(), absl::StatusCode::kFailedPrecondition);
        break;
      }
      if (stream_.KindAt(position) == ItemKind::kCheckpoint && position > 20) {
        writer.ConfirmSent(position - 20);
      }
    }
    const std::uint64_t staged = writer.staged_position();
    if (staged > 0) {
      auto block = writer.Read(staged);
      if (block.ok()) {
        EXPECT_EQ(Difference(stream_, *block, staged), "");
      } else {
        EXPECT_TRUE(IsCleanRefusal(block.status())) << block.status();
      }
    }
    return staged;
  }

  void StageOldEpoch(const std::string& root) {
    StagingOptions options = Options(root);
    options.env = leveldb::Env::Default();
    auto store = StagingStore::Open(options).value();
    auto writer = store->Begin(kOtherEpoch, kKey).value();
    ASSERT_TRUE(stream_.Append(*writer, 1, 20).ok());
  }

  FaultEnv env_;
  StagedStream stream_;
};

TEST_P(DiskFaultTest, WhateverCallFailsWhatIsStagedIsReplayedAndNothingElse) {
  std::uint64_t faults = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    TempFolder folder;
    StageOldEpoch(folder.path());
    env_.FailAt(nth, GetParam());
    const std::uint64_t staged = RunSync(folder.path());
    const bool failed = env_.failed();
    env_.FailAt(FaultEnv::kNever, false);
    // For the next sync the disk works again.
    const std::uint64_t last = staged - staged % stream_.checkpoint_every;
    const std::uint64_t after = last > 10 ? last - 10 : 0;
    const Replayed replayed = ReplayAll(Options(folder.path()), stream_, after);
    EXPECT_EQ(replayed.difference, "");
    if (last > after) {
      EXPECT_TRUE(replayed.status.ok()) << "call " << nth << ": " << replayed.status;
      // A block whose write failed may still have been written.
      EXPECT_GE(replayed.last, last);
    } else if (!replayed.status.ok()) {
      EXPECT_TRUE(IsCleanRefusal(replayed.status)) << replayed.status;
    }
    if (HasFailure()) FAIL() << "when call " << nth << " failed";
    if (!failed) break;
    ++faults;
  }
  EXPECT_GT(faults, 300u);
  RecordProperty("figures", absl::StrCat(faults, " failing calls"));
}

TEST_P(DiskFaultTest, WhateverCallFailsWhileReplayingNothingWrongIsReplayed) {
  TempFolder staged;
  StageOldEpoch(staged.path());
  std::uint64_t faults = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    TempFolder folder;
    CopyFolder(staged.path(), folder.path());
    env_.FailAt(nth, GetParam());
    const Replayed replayed = ReplayAll(Options(folder.path()), stream_, 0, kKey, kOtherEpoch);
    EXPECT_EQ(replayed.difference, "") << "when call " << nth << " failed";
    if (!replayed.status.ok()) {
      EXPECT_TRUE(IsCleanRefusal(replayed.status)) << replayed.status;
    }
    if (!env_.failed()) {
      EXPECT_TRUE(replayed.status.ok()) << replayed.status;
      EXPECT_EQ(replayed.last, 20u);
      break;
    }
    ++faults;
  }
  EXPECT_GT(faults, 50u);
}

INSTANTIATE_TEST_SUITE_P(OneFaultOrFromThenOn, DiskFaultTest, ::testing::Bool());

using FullDiskTest = DiskFaultTest;

TEST_F(FullDiskTest, FullDiskIsReportedAtOnceAndWhatIsStagedCanStillBeRead) {
  TempFolder folder;
  StagingOptions options = Options(folder.path());
  options.limit_bytes = 100 * limits::kMiB;
  env_.SetSpace(200000);
  auto store = StagingStore::Open(options).value();
  auto writer = store->Begin(kEpoch, kKey).value();
  const absl::Status status = stream_.Append(*writer, 1, 1000);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("No space left on device"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--staging-dir"));
  ASSERT_GT(writer->staged_position(), 10u);
  for (std::uint64_t position = 1; position <= writer->staged_position(); ++position) {
    auto block = writer->Read(position);
    ASSERT_TRUE(block.ok()) << block.status();
    EXPECT_EQ(Difference(stream_, *block, position), "");
  }
  const std::uint64_t last = writer->staged_position() / 5 * 5;
  writer.reset();
  store.reset();
  env_.SetSpace(FaultEnv::kNever);
  const Replayed replayed = ReplayAll(options, stream_, 0);
  ASSERT_TRUE(replayed.status.ok()) << replayed.status;
  EXPECT_EQ(replayed.difference, "");
  EXPECT_EQ(replayed.last, last);
}

TEST_F(FullDiskTest, FolderThatCannotBeMadeIsUnavailable) {
  TempFolder folder;
  WriteWhole(folder.path() + "/file", "in the way");
  for (const std::string& root :
       {folder.path() + "/file", folder.path() + "/no/parent", std::string("/proc/self")}) {
    StagingOptions options = OptionsFor(root);
    const absl::Status status = StagingStore::Open(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("--staging-dir"));
  }
}

TEST(PowerCutTest, UnsyncedWritesThatAreLostLeaveACorrectPrefix) {
  StagedStream stream;
  int replays = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    std::mt19937_64 random(seed);
    TempFolder folder;
    FaultEnv env;
    StagingOptions options = OptionsFor(folder.path());
    options.segment_bytes = 6 * limits::kKiB;
    options.env = &env;
    {
      auto store = StagingStore::Open(options).value();
      auto writer = store->Begin(kEpoch, kKey).value();
      ASSERT_TRUE(stream.Append(*writer, 1, 60 + random() % 20).ok());
    }
    env.LoseUnsynced(random);
    const Replayed replayed = ReplayAll(OptionsFor(folder.path()), stream, 0);
    EXPECT_EQ(replayed.difference, "") << "seed " << seed;
    if (replayed.status.ok()) {
      ++replays;
    } else {
      EXPECT_TRUE(IsCleanRefusal(replayed.status)) << replayed.status;
    }
  }
  EXPECT_GT(replays, 10);
}

}  // namespace
}  // namespace tributary
