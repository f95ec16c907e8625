#include "supervisor/digests/held_logs.h"

#include <leveldb/slice.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "common/limits.h"

namespace tributary {
namespace {

constexpr std::string_view kLogSuffix = ".log";
// Of the memory that grows with a log. Small enough to be reused once it is freed.
constexpr std::size_t kPieceBytes = limits::kMiB / 4;

}  // namespace

struct HeldLogs::Log {
  leveldb::Status Sync() {
    if (pieces.empty()) return leveldb::Status::OK();
    for (const std::string& piece : pieces) {
      leveldb::Status written = file->Append(piece);
      if (!written.ok()) return written;
    }
    pieces.clear();
    return file->Sync();
  }

  const std::string path;
  const std::unique_ptr<leveldb::WritableFile> file;
  // What has not been written.
  std::vector<std::string> pieces = {};
};

// What LevelDB writes a log to.
class HeldLogs::File final : public leveldb::WritableFile {
 public:
  File(HeldLogs& logs, std::shared_ptr<Log> log) : logs_(logs), log_(std::move(log)) {}

  leveldb::Status Append(const leveldb::Slice& bytes) override {
    const std::lock_guard lock(logs_.mutex_);
    if (!logs_.failure_.ok()) return logs_.failure_;
    std::vector<std::string>& pieces = log_->pieces;
    if (pieces.empty() || pieces.back().size() + bytes.size() > pieces.back().capacity()) {
      pieces.emplace_back().reserve(std::max(bytes.size(), kPieceBytes));
    }
    pieces.back().append(bytes.data(), bytes.size());
    return leveldb::Status::OK();
  }
  leveldb::Status Close() override { return leveldb::Status::OK(); }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }
  leveldb::Status Sync() override { return logs_.Sync(); }

 private:
  HeldLogs& logs_;
  const std::shared_ptr<Log> log_;
};

leveldb::Status HeldLogs::NewWritableFile(const std::string& path, leveldb::WritableFile** file) {
  leveldb::Status made = PrivateEnv::NewWritableFile(path, file);
  if (!made.ok() || !path.ends_with(kLogSuffix)) return made;
  auto log = std::make_shared<Log>(path, std::unique_ptr<leveldb::WritableFile>(*file));
  *file = new File(*this, log);
  const std::lock_guard lock(mutex_);
  logs_.push_back(std::move(log));
  return made;
}

leveldb::Status HeldLogs::RemoveFile(const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(logs_, [&path](const auto& log) { return log->path == path; });
  }
  return PrivateEnv::RemoveFile(path);
}

leveldb::Status HeldLogs::Sync() {
  const std::lock_guard lock(mutex_);
  for (const auto& log : logs_) {
    if (failure_.ok()) failure_ = log->Sync();
  }
  return failure_;
}

}  // namespace tributary
