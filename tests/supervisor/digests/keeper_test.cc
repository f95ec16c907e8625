// Which digests of a table are kept on the disk, and which bytes there are not accepted as digests.
#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <leveldb/env.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/digests/digest_keeper.h"
#include "supervisor/digests/layout.h"
#include "supervisor/digests/seal.h"
#include "tests/supervisor/digests/keeper_scene.h"
#include "worker/compare/entries.h"

namespace tributary::tests {
namespace {

using KeeperTest = KeeperScene;

TEST_F(KeeperTest, CopyOfSlicesInAnyOrderIsOneListOfRanges) {
  const auto keeper = Open();
  const auto generation = keeper->BeginCopy(kOrders, 0);
  ASSERT_TRUE(generation.ok());
  keeper->AddCopied(kOrders, 2, "m", RowsBefore("", {"n"}));
  keeper->AddCopied(kOrders, 1, "", RowsBefore("f", {"a"}));
  keeper->AddCopied(kOrders, 1, "", RowsBefore("m", {"g"}));
  EXPECT_TRUE(keeper->FinishCopy(kOrders, CatalogTable::RANGES));
  const auto slices = keeper->BeginComparison(kOrders, *generation, *generation);
  ASSERT_TRUE(slices.ok()) << slices.status();
  EXPECT_EQ(slices->size(), 1U);
  CompareAssignment old;
  ASSERT_TRUE(keeper->Load(kOrders, 0, old).ok());
  EXPECT_EQ(old.rows_size(), 3);
}

TEST_F(KeeperTest, SliceHasAsManyDigestsAsAWorkerCompares) {
  const struct {
    const char* what;
    std::uint64_t rows;
    std::uint64_t bytes;
    int slices;
  } kCases[] = {{"short keys", limits::kSliceDigests / 2, 1000, 2},
                {"long keys", 1000, limits::kSliceDigestBytes / 2, 2},
                {"few", 1000, 1000, 1}};
  for (const auto& one : kCases) {
    LayoutWriter layout(CatalogTable::RANGES);
    DigestLayout::Piece piece;
    piece.set_rows(one.rows);
    piece.set_bytes(one.bytes);
    layout.Add("", "b", piece);
    layout.Add("b", "c", piece);
    layout.Add("c", "", piece);
    const auto made = layout.Take();
    ASSERT_TRUE(made.has_value()) << one.what;
    EXPECT_EQ(made->slices_size(), one.slices) << one.what;
  }
}

TEST_F(KeeperTest, CopyWithAGapLeavesNoDigests) {
  const auto keeper = Open();
  ASSERT_TRUE(keeper->BeginCopy(kOrders, 0).ok());
  keeper->AddCopied(kOrders, 1, "", RowsBefore("f", {"a"}));
  keeper->AddCopied(kOrders, 2, "m", RowsBefore("", {"n"}));
  EXPECT_FALSE(keeper->FinishCopy(kOrders, CatalogTable::RANGES));
}

TEST_F(KeeperTest, CopyGoesOnInAnotherProcessFromItsLastMark) {
  std::uint64_t generation = 0;
  {
    const auto keeper = Open();
    generation = *keeper->BeginCopy(kOrders, 0);
    keeper->AddCopied(kOrders, 1, "", RowsBefore("f", {"a"}));
    // Written after the mark in the state, so it must not be kept.
    keeper->AddCopied(kOrders, 1, "", RowsBefore("k", {"g", "h"}));
  }
  const auto keeper = Open();
  keeper->ResumeCopy(kOrders, generation);
  keeper->AddCopied(kOrders, 5, "f", RowsBefore("", {"g"}));
  EXPECT_TRUE(keeper->FinishCopy(kOrders, CatalogTable::RANGES));
  ASSERT_TRUE(keeper->BeginComparison(kOrders, generation, generation).ok());
  CompareAssignment old;
  ASSERT_TRUE(keeper->Load(kOrders, 0, old).ok());
  ASSERT_EQ(old.rows_size(), 2);
  std::string_view rows = old.rows(1);
  EXPECT_EQ(TakeRow(rows)->key, "g");
  EXPECT_TRUE(rows.empty());
}

TEST_F(KeeperTest, CopyThatBeginsTakesAwayWhatAnOlderStateWouldRelyUpon) {
  auto keeper = Open();
  const std::uint64_t first = Copied(*keeper, {"a"});
  ASSERT_TRUE(keeper->writer().Sync(std::chrono::seconds(10)).ok());
  EXPECT_TRUE(keeper->Check(kOrders, first).ok());
  const std::uint64_t given = keeper->writer().given();
  const auto second = keeper->BeginCopy(kOrders, first);
  ASSERT_TRUE(second.ok());
  EXPECT_GT(*second, first);
  // The removal is queued, and everything that is written from now on waits for it.
  EXPECT_GT(keeper->writer().given(), given);
  ASSERT_TRUE(keeper->writer().Sync(std::chrono::seconds(10)).ok());
  EXPECT_TRUE(absl::IsNotFound(keeper->Check(kOrders, first)));
}

TEST_F(KeeperTest, UnchangedTableKeepsItsGeneration) {
  const auto keeper = Open();
  const std::uint64_t first = Copied(*keeper, {"a"});
  ASSERT_TRUE(keeper->BeginComparison(kOrders, first, first).ok());
  Digests unchanged;
  unchanged.set_kind(Digests::UNCHANGED);
  keeper->AddCompared(kOrders, 0, unchanged);
  EXPECT_EQ(keeper->FinishComparison(kOrders, CatalogTable::RANGES), first);
  EXPECT_FALSE(keeper->HasUnconfirmed(kOrders, first));
}

TEST_F(KeeperTest, IntentsAreHeldAgainstUntilTheirGenerationIsConfirmed) {
  const auto keeper = Open();
  const std::uint64_t first = Copied(*keeper, {"a"});
  ASSERT_TRUE(keeper->BeginComparison(kOrders, first, first).ok());
  // The slice is assigned before it has any intents.
  CompareAssignment before;
  ASSERT_TRUE(keeper->Load(kOrders, 0, before).ok());
  Digests intents;
  intents.set_kind(Digests::INTENTS);
  AppendDelete(*intents.mutable_entries(), "a");
  keeper->AddCompared(kOrders, 0, intents);
  CompareAssignment again;
  ASSERT_TRUE(keeper->Load(kOrders, 0, again).ok());
  EXPECT_EQ(again.intents_size(), 1);
  EXPECT_TRUE(keeper->HasUnconfirmed(kOrders, first));
  keeper->AddCompared(kOrders, 0, RowsBefore("", {}));
  const std::uint64_t second = keeper->FinishComparison(kOrders, CatalogTable::RANGES);
  EXPECT_GT(second, first);
  ASSERT_TRUE(keeper->writer().Sync(std::chrono::seconds(10)).ok());
  EXPECT_FALSE(keeper->HasUnconfirmed(kOrders, second));
  EXPECT_TRUE(keeper->HasUnconfirmed(kOrders, first));
  // If the older state comes back nevertheless, rows are compared with its generation and with the
  // intents after it.
  ASSERT_TRUE(keeper->BeginComparison(kOrders, first, first).ok());
  CompareAssignment old;
  ASSERT_TRUE(keeper->Load(kOrders, 0, old).ok());
  EXPECT_EQ(old.rows_size(), 1);
  EXPECT_EQ(old.intents_size(), 1);
}

TEST_F(KeeperTest, IntentsOfAnotherGenerationThanTheStatesAreNotGuessedAt) {
  const auto keeper = Open();
  const std::uint64_t first = Copied(*keeper, {"a"});
  const auto give_out = [&](std::uint64_t base) {
    ASSERT_TRUE(keeper->BeginComparison(kOrders, base, first).ok());
    Digests intents;
    intents.set_kind(Digests::INTENTS);
    AppendDelete(*intents.mutable_entries(), "a");
    keeper->AddCompared(kOrders, 0, intents);
    keeper->AddCompared(kOrders, 0, RowsBefore("", {}));
  };
  give_out(first);
  const std::uint64_t second = keeper->FinishComparison(kOrders, CatalogTable::RANGES);
  give_out(second);
  ASSERT_TRUE(keeper->writer().Sync(std::chrono::seconds(10)).ok());
  EXPECT_TRUE(absl::IsDataLoss(keeper->Check(kOrders, first)));
  EXPECT_TRUE(keeper->Check(kOrders, second).ok());
}

TEST_F(KeeperTest, OfAnotherKeyNothingIsRead) {
  Copied(*Open(), {"a"});
  const auto other =
      DigestKeeper::Open(leveldb::Env::Default(), folder(), std::string(32, 'o'), [] {});
  EXPECT_TRUE(absl::IsPermissionDenied(other.status())) << other.status();
}

TEST_F(KeeperTest, OfAnEarlierFormNothingIsRead) {
  const auto key = DeriveBytes(kDigestsOwner, kKey, "", "tributary digests: records", 32);
  ASSERT_TRUE(key.ok());
  const std::string name(1, '\0');
  std::string sealed;
  ASSERT_TRUE((*Seal::Make(*key))->Close(name, "tributary digests 1", sealed).ok());
  leveldb::Options options;
  options.create_if_missing = true;
  leveldb::DB* database = nullptr;
  ASSERT_TRUE(leveldb::DB::Open(options, folder(), &database).ok());
  const bool put = database->Put({}, name, sealed).ok();
  delete database;
  ASSERT_TRUE(put);
  const auto keeper = DigestKeeper::Open(leveldb::Env::Default(), folder(), kKey, [] {});
  EXPECT_TRUE(absl::IsPermissionDenied(keeper.status())) << keeper.status();
}

TEST_F(KeeperTest, NoByteOfAKeyOrANameIsReadableOnTheDisk) {
  {
    const auto keeper = Open();
    Copied(*keeper, {"a-very-secret-key"});
    ASSERT_TRUE(keeper->writer().Sync(std::chrono::seconds(10)).ok());
  }
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder())) {
    if (!file.is_regular_file()) continue;
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(bytes.find("secret"), std::string::npos) << file.path();
    EXPECT_EQ(bytes.find("orders"), std::string::npos) << file.path();
    // LevelDB makes this file, and it is empty.
    if (file.path().filename() == "LOCK") continue;
    EXPECT_EQ(file.status().permissions() & std::filesystem::perms::others_all,
              std::filesystem::perms::none);
  }
}

// If the file were mapped into memory, reading it would end the process with SIGBUS.
TEST_F(KeeperTest, FileThatIsCutShortWhileItIsOpenIsAnError) {
  const std::uint64_t generation = Copied(*Open(), std::vector<std::string>(40'000, "key"));
  // Each opening makes a table file of LevelDB's log.
  const auto keeper = Open();
  ASSERT_TRUE(keeper->BeginComparison(kOrders, generation, generation).ok());
  CompareAssignment rows;
  ASSERT_TRUE(keeper->Load(kOrders, 0, rows).ok());
  for (const auto& file : std::filesystem::directory_iterator(folder())) {
    if (file.path().extension() == ".ldb") std::filesystem::resize_file(file.path(), 0);
  }
  EXPECT_FALSE(keeper->Load(kOrders, 0, rows).ok());
}

// A disk whose writes block while `hangs` is true.
class HangingDisk : public leveldb::EnvWrapper {
 public:
  HangingDisk() : leveldb::EnvWrapper(leveldb::Env::Default()) {}
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    const leveldb::Status made = target()->NewWritableFile(name, file);
    if (made.ok()) *file = new File(*this, *file);
    return made;
  }
  std::atomic<bool> hangs = false;

 private:
  class File : public leveldb::WritableFile {
   public:
    File(HangingDisk& disk, leveldb::WritableFile* file) : disk_(disk), file_(file) {}
    leveldb::Status Append(const leveldb::Slice& data) override {
      while (disk_.hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return file_->Append(data);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override { return file_->Sync(); }

   private:
    HangingDisk& disk_;
    std::unique_ptr<leveldb::WritableFile> file_;
  };
};

TEST_F(KeeperTest, NoMoreIsTakenThanMayWaitForADiskThatHangs) {
  HangingDisk disk;
  auto keeper = DigestKeeper::Open(&disk, folder(), kKey, [] {});
  ASSERT_TRUE(keeper.ok()) << keeper.status();
  ASSERT_TRUE((*keeper)->BeginCopy(kOrders, 0).ok());
  ASSERT_TRUE((*keeper)->writer().Sync(std::chrono::seconds(10)).ok());
  disk.hangs = true;
  const std::string key(1000, 'k');
  const std::vector<std::string> keys(1000, key);
  std::uint64_t given = 0;
  for (int piece = 0; (*keeper)->writer().takes_more(); ++piece) {
    (*keeper)->AddCopied(kOrders, 1, absl::StrCat(piece),
                         RowsBefore(absl::StrCat(piece + 1), keys));
    given += key.size() * keys.size();
    ASSERT_LT(given, 4 * DigestWriter::kQueuedBytes);
  }
  EXPECT_GT(given, DigestWriter::kQueuedBytes / 2);
  disk.hangs = false;
  EXPECT_TRUE((*keeper)->writer().Sync(std::chrono::seconds(60)).ok());
  EXPECT_TRUE((*keeper)->writer().takes_more());
}

}  // namespace
}  // namespace tributary::tests
