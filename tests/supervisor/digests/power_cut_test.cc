// Digests that were synced survive a power cut, and those that were not cost the disk nothing until
// LevelDB makes a table of them.
#include <gtest/gtest.h>
#include <leveldb/env.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "tests/supervisor/digests/keeper_scene.h"

namespace tributary::tests {
namespace {

// Remembers how much of each file is written and how much is synced.
class WatchedDisk : public leveldb::EnvWrapper {
 public:
  WatchedDisk() : leveldb::EnvWrapper(leveldb::Env::Default()) {}

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override {
    const leveldb::Status made = target()->NewWritableFile(path, file);
    if (made.ok()) *file = new File(*this, path, *file);
    return made;
  }
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    {
      const std::lock_guard lock(mutex_);
      sizes_[to] = sizes_[from];
    }
    return target()->RenameFile(from, to);
  }

  std::size_t LogBytes() {
    const std::lock_guard lock(mutex_);
    std::size_t bytes = 0;
    for (const auto& [path, size] : sizes_) bytes += path.ends_with(".log") ? size.written : 0;
    return bytes;
  }
  // Copies what a power cut would leave of a folder.
  void CutPower(const std::string& folder, const std::string& left) {
    std::filesystem::create_directory(left);
    const std::lock_guard lock(mutex_);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      std::string synced(sizes_[entry.path()].synced, '\0');
      file.read(synced.data(), static_cast<std::streamsize>(synced.size()));
      std::ofstream(left / entry.path().filename(), std::ios::binary) << synced;
    }
  }

  std::atomic<bool> tables_hang = false;

 private:
  struct Size {
    std::size_t written = 0;
    std::size_t synced = 0;
  };

  class File : public leveldb::WritableFile {
   public:
    File(WatchedDisk& disk, std::string path, leveldb::WritableFile* file)
        : disk_(disk), path_(std::move(path)), file_(file) {}
    leveldb::Status Append(const leveldb::Slice& bytes) override {
      while (path_.ends_with(".ldb") && disk_.tables_hang) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      const std::lock_guard lock(disk_.mutex_);
      disk_.sizes_[path_].written += bytes.size();
      return file_->Append(bytes);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override {
      const std::lock_guard lock(disk_.mutex_);
      disk_.sizes_[path_].synced = disk_.sizes_[path_].written;
      return file_->Sync();
    }

   private:
    WatchedDisk& disk_;
    const std::string path_;
    std::unique_ptr<leveldb::WritableFile> file_;
  };

  std::mutex mutex_;
  std::map<std::string, Size> sizes_;
};

using PowerCutTest = KeeperScene;

// LevelDB begins a new log when the old one is full, never syncs the old one, and needs it until
// its table is written.
TEST_F(PowerCutTest, LeavesAllThatIsSyncedAndLogsAreNotWrittenBefore) {
  constexpr int kPieces = 12;
  constexpr std::size_t kPieceBytes = 1 << 20;
  const std::string left = dir_ / "left";
  std::uint64_t generation = 0;
  {
    WatchedDisk disk;
    const auto keeper = DigestKeeper::Open(&disk, folder(), kKey, [] {});
    ASSERT_TRUE(keeper.ok()) << keeper.status();
    const std::size_t at_first = disk.LogBytes();
    disk.tables_hang = true;
    const auto begun = (*keeper)->BeginCopy(kOrders, 0);
    ASSERT_TRUE(begun.ok()) << begun.status();
    generation = *begun;
    for (int piece = 1; piece <= kPieces; ++piece) {
      Digests digests;
      digests.set_rows(1);
      digests.set_entries(std::string(kPieceBytes, static_cast<char>(piece)));
      digests.set_at(piece < kPieces ? std::to_string(100 + piece) : "");
      (*keeper)->AddCopied(kOrders, 1, "", digests);
      ASSERT_TRUE((*keeper)->writer().Drain(std::chrono::seconds(30)).ok());
    }
    ASSERT_TRUE((*keeper)->FinishCopy(kOrders, CatalogTable::RANGES));
    EXPECT_EQ(disk.LogBytes(), at_first);
    ASSERT_TRUE((*keeper)->writer().Sync(std::chrono::seconds(30)).ok());
    disk.CutPower(folder(), left);
    disk.tables_hang = false;
  }
  const auto keeper = DigestKeeper::Open(leveldb::Env::Default(), left, kKey, [] {});
  ASSERT_TRUE(keeper.ok()) << keeper.status();
  const auto slices = (*keeper)->BeginComparison(kOrders, generation, generation);
  ASSERT_TRUE(slices.ok()) << slices.status();
  std::size_t bytes = 0;
  for (std::size_t slice = 0; slice < slices->size(); ++slice) {
    CompareAssignment old;
    const absl::Status loaded = (*keeper)->Load(kOrders, slice, old);
    ASSERT_TRUE(loaded.ok()) << loaded;
    for (const std::string& entries : old.rows()) bytes += entries.size();
  }
  EXPECT_EQ(bytes, kPieces * kPieceBytes);
}

}  // namespace
}  // namespace tributary::tests
