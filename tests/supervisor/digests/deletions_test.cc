// What is read of digests that are no longer needed, and what is left of them.
#include <gtest/gtest.h>
#include <leveldb/env.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/digests/digest_keeper.h"
#include "supervisor/digests/digest_store.h"
#include "tests/supervisor/digests/keeper_scene.h"
#include "worker/compare/entries.h"

namespace tributary::tests {
namespace {

// A disk that refuses what is written after the first `room` bytes.
class FullDisk : public leveldb::EnvWrapper {
 public:
  FullDisk() : leveldb::EnvWrapper(leveldb::Env::Default()) {}
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    const leveldb::Status made = target()->NewWritableFile(name, file);
    if (made.ok()) *file = new File(*this, *file);
    return made;
  }
  std::atomic<std::int64_t> room = 1'000'000'000;

 private:
  class File : public leveldb::WritableFile {
   public:
    File(FullDisk& disk, leveldb::WritableFile* file) : disk_(disk), file_(file) {}
    leveldb::Status Append(const leveldb::Slice& data) override {
      if ((disk_.room -= static_cast<std::int64_t>(data.size())) < 0) {
        return leveldb::Status::IOError("full");
      }
      return file_->Append(data);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override { return file_->Sync(); }

   private:
    FullDisk& disk_;
    std::unique_ptr<leveldb::WritableFile> file_;
  };
};

class DeletionsTest : public KeeperScene {
 protected:
  // Of parts, there are several.
  static constexpr int kRecords = 10'000;

  // What this thread has read from files.
  static std::uint64_t BytesRead() {
    std::ifstream counts("/proc/thread-self/io");
    std::string name;
    std::uint64_t bytes = 0;
    counts >> name >> bytes;
    EXPECT_EQ(name, "rchar:");
    return bytes;
  }

  // A copy, and a comparison that sends `records` batches. Unless the row is `changed`, it is found
  // unchanged when it is read again, and keeps its piece.
  void MakeDigests(int records, std::size_t key_bytes, bool changed = true) {
    const auto keeper = Open();
    first_ = Copied(*keeper, {"a"});
    ASSERT_TRUE(keeper->BeginComparison(kOrders, first_, first_).ok());
    for (int i = 0; i < records; ++i) {
      Digests intents;
      intents.set_kind(Digests::INTENTS);
      AppendDelete(*intents.mutable_entries(), std::string(key_bytes, 'a'));
      keeper->AddCompared(kOrders, 0, intents);
    }
    if (changed) keeper->AddCompared(kOrders, 0, RowsBefore("", {"b"}));
    keeper->FinishSlice(kOrders, 0);
    second_ = keeper->FinishComparison(kOrders, CatalogTable::RANGES);
    ASSERT_TRUE(keeper->writer().Sync(std::chrono::seconds(60)).ok());
  }

  int Records(RecordName::Kind kind) {
    const auto store = DigestStore::Open(leveldb::Env::Default(), folder(), kKey);
    EXPECT_TRUE(store.ok()) << store.status();
    if (!store.ok()) return -1;
    int records = 0;
    const auto count = [&records](const std::vector<std::uint64_t>&) { return ++records > 0; };
    const std::string id = (*store)->TableId(kOrders.schema, kOrders.table);
    EXPECT_TRUE((*store)->List(id, kind, {}, count).ok());
    return records;
  }

  // Does `act` on copies of the digests, with disks that become full at different bytes of it, and
  // then `look` with a disk that works.
  template <typename Act, typename Look>
  void CutShort(const Act& act, const Look& look) {
    namespace fs = std::filesystem;
    const std::string whole = dir_ / "whole";
    fs::rename(folder(), whole);
    for (std::int64_t room = 0; room <= 1'200'000; room += 50'000) {
      SCOPED_TRACE(absl::StrCat("room for ", room));
      fs::remove_all(folder());
      fs::copy(whole, folder());
      {
        FullDisk disk;
        const auto keeper = DigestKeeper::Open(&disk, folder(), kKey, [] {});
        ASSERT_TRUE(keeper.ok()) << keeper.status();
        disk.room = room;
        act(**keeper);
      }
      look(*Open());
    }
  }

  // A state that names `first_` comes back: all that was sent later is known, or the table is
  // copied again.
  void ExpectAllOrNothing(DigestKeeper& keeper) {
    if (!keeper.BeginComparison(kOrders, first_, 0).ok()) return;
    CompareAssignment old;
    if (!keeper.Load(kOrders, 0, old).ok()) return;
    EXPECT_EQ(old.intents_size(), kRecords);
  }

  std::uint64_t first_ = 0;
  std::uint64_t second_ = 0;
};

TEST_F(DeletionsTest, LookAtATableReadsNoIntentsThatAreConfirmed) {
  MakeDigests(200, 64 * limits::kKiB);
  const auto keeper = Open();
  const std::uint64_t before = BytesRead();
  EXPECT_TRUE(keeper->Check(kOrders, second_).ok());
  EXPECT_FALSE(keeper->HasUnconfirmed(kOrders, second_));
  // Beside the index of each of LevelDB's files, one record of each where it looks.
  EXPECT_LT(BytesRead(), before + 2 * limits::kMiB);
  EXPECT_TRUE(keeper->HasUnconfirmed(kOrders, first_));
}

TEST_F(DeletionsTest, NothingIsLeftThatOnlyOlderStatesNeed) {
  MakeDigests(kRecords, 10);
  {
    const auto keeper = Open();
    ASSERT_TRUE(keeper->BeginComparison(kOrders, second_, second_).ok());
  }
  EXPECT_EQ(Records(RecordName::kIntents), 0);
  EXPECT_EQ(Records(RecordName::kLayout), 1);
  EXPECT_EQ(Records(RecordName::kPiece), 1);
}

TEST_F(DeletionsTest, CopyThatBeginsLeavesNothingOfItsTable) {
  MakeDigests(kRecords, 10);
  ASSERT_TRUE(Open()->BeginCopy(kOrders, first_).ok());
  for (const RecordName::Kind kind :
       {RecordName::kIntents, RecordName::kLayout, RecordName::kPiece}) {
    EXPECT_EQ(Records(kind), 0) << kind;
  }
  EXPECT_EQ(Records(RecordName::kBegun), 1);
}

TEST_F(DeletionsTest, WhereverDeletingEndsAnOlderStateFindsAllOrNothing) {
  MakeDigests(kRecords, 10, /*changed=*/false);
  CutShort(
      [&](DigestKeeper& keeper) {
        EXPECT_TRUE(keeper.BeginComparison(kOrders, second_, second_).ok());
      },
      [&](DigestKeeper& keeper) {
        EXPECT_TRUE(keeper.Check(kOrders, second_).ok());
        ExpectAllOrNothing(keeper);
      });
}

TEST_F(DeletionsTest, WhereverABeginningCopyEndsAnEarlierStateIsKnownToBeOutdated) {
  MakeDigests(kRecords, 10, /*changed=*/false);
  CutShort([&](DigestKeeper& keeper) { keeper.BeginCopy(kOrders, first_).IgnoreError(); },
           [&](DigestKeeper& keeper) {
             EXPECT_TRUE(keeper.HasUnconfirmed(kOrders, first_));
             ExpectAllOrNothing(keeper);
           });
}

}  // namespace
}  // namespace tributary::tests
