// A power cut may not lose anything from the digests that was synced, however much was written
// before the sync.
#include <gtest/gtest.h>
#include <leveldb/env.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "supervisor/digests/digest_keeper.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {
namespace {

// Counts the bytes that a power cut could lose: appended, but not synced.
class CountingDisk : public leveldb::EnvWrapper {
 public:
  CountingDisk() : leveldb::EnvWrapper(leveldb::Env::Default()) {}

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override {
    const leveldb::Status made = target()->NewWritableFile(path, file);
    if (made.ok()) *file = new File(*this, path, *file);
    return made;
  }
  leveldb::Status RemoveFile(const std::string& path) override {
    Set(path, 0);
    return target()->RemoveFile(path);
  }
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    Set(from, 0);
    return target()->RenameFile(from, to);
  }
  // The number of unsynced bytes in each file.
  std::map<std::string, std::uint64_t> unsynced() {
    const std::lock_guard lock(mutex_);
    return unsynced_;
  }

 private:
  class File : public leveldb::WritableFile {
   public:
    File(CountingDisk& disk, std::string path, leveldb::WritableFile* file)
        : disk_(disk), path_(std::move(path)), file_(file) {}
    leveldb::Status Append(const leveldb::Slice& bytes) override {
      unsynced_ += bytes.size();
      disk_.Set(path_, unsynced_);
      return file_->Append(bytes);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override {
      unsynced_ = 0;
      disk_.Set(path_, 0);
      return file_->Sync();
    }

   private:
    CountingDisk& disk_;
    const std::string path_;
    std::unique_ptr<leveldb::WritableFile> file_;
    std::uint64_t unsynced_ = 0;
  };

  void Set(const std::string& path, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes == 0 ? (void)unsynced_.erase(path) : (void)(unsynced_[path] = bytes);
  }

  std::mutex mutex_;
  std::map<std::string, std::uint64_t> unsynced_;
};

// LevelDB begins a new log when the old one is full, and never syncs the old one.
TEST(PowerCutTest, SyncCoversWhatWasWrittenToEarlierLogs) {
  const TempDir dir;
  CountingDisk disk;
  const auto keeper = DigestKeeper::Open(&disk, dir / "digests", std::string(32, 'k'), [] {});
  ASSERT_TRUE(keeper.ok()) << keeper.status();
  const TableName table{"main", "orders"};
  ASSERT_TRUE((*keeper)->BeginCopy(table, 0).ok());
  Digests digests;
  digests.set_rows(1);
  digests.set_entries(std::string(1 << 20, 'e'));
  int piece = 0;
  for (; piece < 24; ++piece) {
    digests.set_at(std::to_string(piece + 100));
    (*keeper)->AddCopied(table, 1, "", digests);
    ASSERT_TRUE((*keeper)->writer().Drain(std::chrono::seconds(30)).ok());
  }
  EXPECT_FALSE(disk.unsynced().empty())
      << "everything is already synced, so the test proves nothing";
  ASSERT_TRUE((*keeper)->writer().Sync(std::chrono::seconds(30)).ok());
  for (const auto& [path, bytes] : disk.unsynced()) {
    // LevelDB may be writing a table file at this moment; it syncs the file before it uses the
    // table.
    if (!absl::EndsWith(path, ".log")) continue;
    ADD_FAILURE() << bytes << " bytes of " << path << " are not synced";
  }
}

}  // namespace
}  // namespace tributary::tests
