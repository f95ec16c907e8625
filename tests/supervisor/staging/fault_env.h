// File systems that fail, fill up, hang, or lose data that was not synced.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_STAGING_FAULT_ENV_H_
#define TRIBUTARY_TESTS_SUPERVISOR_STAGING_FAULT_ENV_H_

#include <condition_variable>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "leveldb/env.h"

namespace tributary {

class FaultEnv : public leveldb::EnvWrapper {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  FaultEnv() : leveldb::EnvWrapper(leveldb::Env::Default()) {}

  // Of all calls that can fail, the `nth` from now on fails with EIO; with `stays_broken`, so do
  // all calls after it.
  void FailAt(std::uint64_t nth, bool stays_broken);
  // Appending more than this many bytes fails with ENOSPC.
  void SetSpace(std::uint64_t bytes) { space_bytes_ = bytes; }
  // From now on all writes to files wait until LetWritesGo. Any thread.
  void HoldWrites();
  void LetWritesGo();
  bool holds_writes();
  // Whether a call has failed.
  bool failed() const { return failed_; }
  std::uint64_t calls() const { return calls_; }

  // A power cut. Older files are complete on the disk; younger files keep what was synced and a
  // part of the rest. `random` determines which files are younger, and how much they keep.
  template <typename Random>
  void LoseUnsynced(Random& random) {
    const std::uint64_t written_back = random() % (files_made_ + 1);
    for (auto& [path, length] : lengths_) {
      if (length.made <= written_back) continue;
      Truncate(path, length.synced + random() % (length.written - length.synced + 1));
    }
  }

  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** file) override;
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status GetChildren(const std::string& path, std::vector<std::string>* names) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status CreateDir(const std::string& path) override;
  leveldb::Status RemoveDir(const std::string& path) override;
  leveldb::Status GetFileSize(const std::string& path, std::uint64_t* size) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;

  // For the files that this object opens.
  void AwaitWrites();
  leveldb::Status Step(const std::string& subject);
  leveldb::Status TakeSpace(const std::string& subject, std::uint64_t bytes);
  void Wrote(const std::string& path, std::uint64_t bytes) { lengths_[path].written += bytes; }
  void Synced(const std::string& path) { lengths_[path].synced = lengths_[path].written; }

 private:
  struct Length {
    // The number of this file, in the order of creation.
    std::uint64_t made = 0;
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
  };

  static void Truncate(const std::string& path, std::uint64_t length);

  std::mutex mutex_;
  std::condition_variable let_go_;
  bool held_ = false;

  std::uint64_t calls_ = 0;
  std::uint64_t fail_at_ = kNever;
  bool stays_broken_ = false;
  bool failed_ = false;
  std::uint64_t space_bytes_ = kNever;
  std::uint64_t files_made_ = 0;
  std::map<std::string, Length> lengths_;
};

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_SUPERVISOR_STAGING_FAULT_ENV_H_
