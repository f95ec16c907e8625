// Staging that an earlier build wrote: it can be read, or is refused because of its version.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "supervisor/staging/segment.h"
#include "supervisor/staging/segment_header.h"
#include "supervisor/staging/staging.h"
#include "tests/supervisor/staging/staged_stream.h"

namespace tributary {
namespace {

// The content that staging_golden.cc writes; version 1 has no compact batch.
void ExpectReadable(const std::string& version, bool has_compact_batch) {
  TempFolder folder;
  CopyFolder(absl::StrCat(TRIBUTARY_STAGING_GOLDEN, "/", version), folder.path());
  const StagedStream stream;
  auto store = StagingStore::Open(OptionsFor(folder.path())).value();
  auto replay = store->OpenReplay(kEpoch, kKey, 0);
  ASSERT_TRUE(replay.ok()) << replay.status();
  EXPECT_EQ((*replay)->last_checkpoint().position, has_compact_batch ? 33u : 32u);
  EXPECT_EQ((*replay)->last_checkpoint().bytes, "the end");
  std::uint64_t due = 1;
  for (; due <= 30;) {
    auto block = (*replay)->Next().value();
    ASSERT_TRUE(block.has_value());
    ASSERT_EQ(Difference(stream, *block, due), "");
    due += block->items.size();
  }
  auto large = (*replay)->Next().value();
  ASSERT_TRUE(large.has_value());
  EXPECT_TRUE(large->items.front().bytes ==
              stream.BytesAt(31) + std::string(5 * limits::kMiB, '.'));
  const auto last = (*replay)->Next().value();
  ASSERT_TRUE(last.has_value());
  ASSERT_EQ(last->items.size(), has_compact_batch ? 2u : 1u);
  if (has_compact_batch) {
    EXPECT_EQ(last->items.front().bytes, kExpandedBatch);
  }
  EXPECT_EQ(last->items.back().bytes, "the end");
  EXPECT_FALSE((*replay)->Next().value().has_value());
}

TEST(GoldenTest, StagingOfVersionOneIsReadable) { ExpectReadable("v1", false); }

TEST(GoldenTest, StagingOfVersionTwoIsReadable) { ExpectReadable("v2", true); }

TEST(GoldenTest, StagingOfAFutureVersionIsRefusedAndLeftAsItIs) {
  TempFolder folder;
  const std::string epoch = folder.path() + "/" + kConnection + "/" + kEpoch;
  std::filesystem::create_directories(epoch);
  leveldb::Options options;
  options.create_if_missing = true;
  leveldb::DB* database = nullptr;
  ASSERT_TRUE(leveldb::DB::Open(options, SegmentPath(epoch, 1), &database).ok());
  const EncodedBlockKey key = EncodeBlockKey(kHeaderKey);
  ASSERT_TRUE(database
                  ->Put(leveldb::WriteOptions(), leveldb::Slice(key.data(), key.size()),
                        leveldb::Slice("tribstag\x09\0\0\0 and what nobody knows yet", 39))
                  .ok());
  delete database;
  for (int i = 0; i < 2; ++i) {
    const Replayed replayed = ReplayAll(OptionsFor(folder.path()), StagedStream(), 0);
    EXPECT_EQ(replayed.status.code(), absl::StatusCode::kUnimplemented);
    EXPECT_THAT(std::string(replayed.status.message()), ::testing::HasSubstr("format version 9"));
  }
}

}  // namespace
}  // namespace tributary
