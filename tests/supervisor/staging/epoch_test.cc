// What is staged can be read again, and nothing else can.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "supervisor/staging/staging.h"
#include "tests/supervisor/staging/staged_stream.h"

namespace tributary {
namespace {

namespace fs = std::filesystem;

class EpochTest : public ::testing::Test {
 protected:
  EpochTest() : options_(OptionsFor(folder_.path())) { options_.segment_bytes = 8 * limits::kKiB; }

  void Open() {
    auto store = StagingStore::Open(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  void Begin() {
    Open();
    auto writer = store_->Begin(kEpoch, kKey);
    ASSERT_TRUE(writer.ok()) << writer.status();
    writer_ = *std::move(writer);
  }
  void Close() {
    writer_.reset();
    store_.reset();
  }
  void Stage(std::uint64_t through) {
    Begin();
    ASSERT_TRUE(stream_.Append(*writer_, 1, through).ok());
  }
  std::size_t Segments() const {
    const fs::path epoch = fs::path(folder_.path()) / kConnection / kEpoch;
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(epoch), fs::directory_iterator()));
  }

  TempFolder folder_;
  StagingOptions options_;
  StagedStream stream_;
  std::unique_ptr<StagingStore> store_;
  std::unique_ptr<EpochWriter> writer_;
};

TEST_F(EpochTest, ReplayGivesWhatIsBehindEachPosition) {
  Stage(200);
  Close();
  EXPECT_GT(Segments(), 5u);
  for (std::uint64_t after = 0; after < 200; ++after) {
    const Replayed replayed = ReplayAll(options_, stream_, after);
    ASSERT_TRUE(replayed.status.ok()) << replayed.status;
    EXPECT_EQ(replayed.difference, "");
    EXPECT_EQ(replayed.first, after + 1);
    EXPECT_EQ(replayed.last, 200u);
  }
}

TEST_F(EpochTest, ReplayEndsAtTheLastCheckpointAndDropsTheRest) {
  Stage(203);
  ASSERT_TRUE(writer_->Flush().ok());
  EXPECT_EQ(writer_->staged_position(), 203u);
  Close();
  for (int time = 0; time < 2; ++time) {
    const Replayed replayed = ReplayAll(options_, stream_, 3);
    ASSERT_TRUE(replayed.status.ok()) << replayed.status;
    EXPECT_EQ(replayed.difference, "");
    EXPECT_EQ(replayed.last, 200u);
  }
}

TEST_F(EpochTest, ReplayDropsWhatIsConfirmed) {
  Stage(200);
  Close();
  const std::size_t before = Segments();
  ASSERT_TRUE(ReplayAll(options_, stream_, 150).status.ok());
  EXPECT_LT(Segments(), before / 2);
  const Replayed older = ReplayAll(options_, stream_, 100);
  EXPECT_EQ(older.status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(older.status.message()), ::testing::HasSubstr("older than what is held"));
  EXPECT_TRUE(ReplayAll(options_, stream_, 150).status.ok());
}

TEST_F(EpochTest, NothingBehindThePositionIsNotFound) {
  Stage(200);
  Close();
  for (std::uint64_t after : {200u, 201u, 5000u}) {
    EXPECT_EQ(ReplayAll(options_, stream_, after).status.code(), absl::StatusCode::kNotFound);
  }
}

TEST_F(EpochTest, AnotherEpochIsNotFound) {
  Stage(20);
  Close();
  EXPECT_EQ(ReplayAll(options_, stream_, 0, kKey, kOtherEpoch).status.code(),
            absl::StatusCode::kNotFound);
}

TEST_F(EpochTest, WrongKeyIsRefusedAndHarmsNothing) {
  Stage(200);
  Close();
  EXPECT_EQ(ReplayAll(options_, stream_, 0, std::string(32, 'x')).status.code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(ReplayAll(options_, stream_, 0).status.ok());
}

TEST_F(EpochTest, EpochWithoutAnItemHasNothingToReplay) {
  Begin();
  Close();
  EXPECT_EQ(ReplayAll(options_, stream_, 0).status.code(), absl::StatusCode::kNotFound);
}

TEST_F(EpochTest, CheckpointAndAllBeforeItIsStagedWhenAppendReturns) {
  Stage(203);
  EXPECT_EQ(writer_->staged_position(), 200u);
  // As after a kill: the copy lacks what this process still has in memory.
  TempFolder copy;
  CopyFolder(folder_.path(), copy.path());
  const Replayed replayed = ReplayAll(OptionsFor(copy.path()), stream_, 0);
  ASSERT_TRUE(replayed.status.ok()) << replayed.status;
  EXPECT_EQ(replayed.difference, "");
  EXPECT_EQ(replayed.last, 200u);
}

TEST_F(EpochTest, AppendedBytesMayBeOverwrittenAtOnce) {
  Begin();
  std::string bytes = stream_.BytesAt(1);
  ASSERT_TRUE(writer_->Append({1, ItemKind::kBatch, bytes}).ok());
  bytes.assign(bytes.size(), '?');
  ASSERT_TRUE(writer_->Flush().ok());
  auto block = writer_->Read(1);
  ASSERT_TRUE(block.ok()) << block.status();
  EXPECT_EQ(Difference(stream_, *block, 1), "");
}

TEST_F(EpochTest, LargeItemsSpanSegmentsAndComeBackWhole) {
  options_.segment_bytes = 2 * limits::kMiB;
  stream_.checkpoint_every = 3;
  stream_.batch_bytes = 5 * limits::kMiB + 1;
  Stage(6);
  EXPECT_GE(Segments(), 10u);
  for (std::uint64_t position = 1; position <= 6; ++position) {
    auto block = writer_->Read(position);
    ASSERT_TRUE(block.ok()) << block.status();
    EXPECT_EQ(Difference(stream_, *block, position), "");
  }
  Close();
  for (std::uint64_t after = 0; after < 6; ++after) {
    const Replayed replayed = ReplayAll(options_, stream_, after);
    ASSERT_TRUE(replayed.status.ok()) << replayed.status;
    EXPECT_EQ(replayed.difference, "");
    EXPECT_EQ(replayed.last, 6u);
  }
}

TEST_F(EpochTest, LargestMessageIsTakenAndALargerOneIsNot) {
  options_.segment_bytes = limits::kStagingSegmentBytes;
  Begin();
  const std::string message(limits::kMaxMessageBytes, 'm');
  EXPECT_EQ(writer_->Append({1, ItemKind::kBatch, message + "m"}).code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(writer_->Append({1, ItemKind::kBatch, message}).ok());
  auto block = writer_->Read(1);
  ASSERT_TRUE(block.ok()) << block.status();
  EXPECT_TRUE(block->items.front().bytes == message);
}

TEST_F(EpochTest, ManyItemsShareOneValueOfAboutTheBlocksSize) {
  options_.segment_bytes = limits::kStagingSegmentBytes;
  stream_.checkpoint_every = 1000;
  stream_.batch_bytes = 10'000;
  Stage(200);
  ASSERT_TRUE(writer_->Flush().ok());
  const std::size_t most = limits::kStagingBlockBytes;
  std::uint64_t position = 1;
  int blocks = 0;
  while (position <= 200) {
    auto block = writer_->Read(position);
    ASSERT_TRUE(block.ok()) << block.status();
    ASSERT_EQ(Difference(stream_, *block, position), "");
    std::size_t bytes = 0;
    for (const StagedItem& item : block->items) bytes += item.bytes.size();
    position = block->items.back().position + 1;
    ++blocks;
    EXPECT_LE(bytes, most);
    // The last block was ended early by the flush.
    if (position > 200) break;
    EXPECT_GT(block->items.size(), 1u);
    EXPECT_GT(bytes, most - 11'000) << "the block had room for one more item";
  }
  EXPECT_EQ(blocks, 8);
}

TEST_F(EpochTest, PartSizedItemsComeBack) {
  Begin();
  std::uint64_t position = 0;
  const std::size_t edges[] = {1,
                               limits::kStagingBlockBytes - kItemHeadBytes,
                               limits::kStagingBlockBytes,
                               limits::kStagingPartBytes - 1,
                               limits::kStagingPartBytes,
                               limits::kStagingPartBytes + 1,
                               2 * limits::kStagingPartBytes,
                               2 * limits::kStagingPartBytes + 1};
  for (std::size_t size : edges) {
    ASSERT_TRUE(writer_->Append({++position, ItemKind::kBatch, std::string(size, 'e')}).ok());
  }
  ASSERT_TRUE(writer_->Flush().ok());
  position = 0;
  for (std::size_t size : edges) {
    auto block = writer_->Read(++position);
    ASSERT_TRUE(block.ok()) << block.status();
    EXPECT_TRUE(block->items.front().bytes == std::string(size, 'e'));
  }
}

TEST_F(EpochTest, SlowClientReadsEveryPositionWhileTheStreamGoesOn) {
  Begin();
  std::uint64_t read = 0;
  for (std::uint64_t position = 1; position <= 400; ++position) {
    writer_->ReadBackFrom(read + 1);
    ASSERT_TRUE(stream_.Append(*writer_, position, position).ok());
    // The client is three times slower than the stream.
    if (position % 3 != 0 || read + 1 > writer_->staged_position()) continue;
    auto block = writer_->Read(read + 1);
    ASSERT_TRUE(block.ok()) << block.status();
    ASSERT_EQ(Difference(stream_, *block, read + 1), "");
    read = block->items.front().position;
  }
  while (read < writer_->staged_position()) {
    auto block = writer_->Read(read + 1);
    ASSERT_TRUE(block.ok()) << block.status();
    ASSERT_EQ(Difference(stream_, *block, read + 1), "");
    read = block->items.back().position;
  }
  EXPECT_EQ(read, 400u);
}

TEST_F(EpochTest, WhatIsNotStagedCannotBeReadBack) {
  Stage(203);
  EXPECT_EQ(writer_->Read(201).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(writer_->Read(0).status().code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(writer_->Flush().ok());
  EXPECT_TRUE(writer_->Read(203).ok());
}

TEST_F(EpochTest, PositionsHaveToFollowEachOther) {
  Begin();
  EXPECT_EQ(writer_->Append({2, ItemKind::kBatch, "b"}).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(writer_->Append({1, ItemKind::kBatch, "a"}).ok());
  EXPECT_EQ(writer_->Append({1, ItemKind::kBatch, "a"}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(writer_->Append({3, ItemKind::kBatch, "c"}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(writer_->Append({2, ItemKind::kCheckpoint, "b"}).ok());
}

TEST_F(EpochTest, NothingOnDiskIsReadable) {
  // Compressible and incompressible bytes, in small items and in parts.
  stream_.batch_bytes = 3000;
  Stage(40);
  const std::string large = stream_.BytesAt(41) + std::string(5 * limits::kMiB, 'l') + kSecret;
  ASSERT_TRUE(writer_->Append({41, ItemKind::kBatch, large}).ok());
  ASSERT_TRUE(writer_->Flush().ok());
  Close();
  std::size_t searched = 0;
  for (const fs::path& file : FilesBelow(folder_.path())) {
    const std::string bytes = ReadWhole(file);
    searched += bytes.size();
    for (std::size_t at = 0; at + 8 <= kSecret.size(); ++at) {
      EXPECT_EQ(bytes.find(kSecret.substr(at, 8)), std::string::npos) << file;
    }
    EXPECT_EQ(bytes.find("lllllll"), std::string::npos) << file;
    EXPECT_EQ(bytes.find(kKey), std::string::npos) << file;
  }
  EXPECT_GT(searched, 50000u);
}

TEST_F(EpochTest, FilesAreForTheirOwnerOnly) {
  const mode_t mask = ::umask(0);
  Stage(100);
  Close();
  ::umask(mask);
  const std::string connection = folder_.path() + "/" + kConnection;
  struct stat found {};
  ASSERT_EQ(::stat(connection.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(connection)) {
    ASSERT_EQ(::stat(entry.path().c_str(), &found), 0);
    if (entry.is_directory()) {
      EXPECT_EQ(found.st_mode & 0777, 0700u) << entry;
    }
    // LevelDB's own lock files are empty.
    if (entry.is_regular_file() && entry.file_size() > 0) {
      EXPECT_EQ(found.st_mode & 0777, 0600u) << entry;
    }
  }
}

TEST_F(EpochTest, ClosedSegmentsStayInLevelDbsLogAndAreNotWrittenAgain) {
  options_.segment_bytes = limits::kStagingSegmentBytes;
  stream_.batch_bytes = 20000;
  Stage(1000);
  Close();
  const auto logs = [this] {
    std::vector<std::pair<std::string, std::uintmax_t>> found;
    for (const fs::path& file : FilesBelow(folder_.path())) {
      EXPECT_NE(file.extension(), ".ldb") << file;
      if (file.extension() == ".log") found.emplace_back(file.string(), fs::file_size(file));
    }
    return found;
  };
  const auto before = logs();
  EXPECT_TRUE(ReplayAll(options_, stream_, 0).status.ok());
  EXPECT_EQ(logs(), before);
}

}  // namespace
}  // namespace tributary
