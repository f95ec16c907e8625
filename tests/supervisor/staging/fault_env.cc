#include "tests/supervisor/staging/fault_env.h"

#include <unistd.h>

#include <memory>

namespace tributary {
namespace {

class FaultWritableFile : public leveldb::WritableFile {
 public:
  FaultWritableFile(FaultEnv* env, std::string path, leveldb::WritableFile* file)
      : env_(env), path_(std::move(path)), file_(file) {}

  leveldb::Status Append(const leveldb::Slice& bytes) override {
    env_->AwaitWrites();
    leveldb::Status status = env_->Step(path_);
    if (status.ok()) status = env_->TakeSpace(path_, bytes.size());
    if (!status.ok()) {
      // As when a disk fails: a part of it is written.
      (void)file_->Append(leveldb::Slice(bytes.data(), bytes.size() / 2));
      (void)file_->Flush();
      return status;
    }
    env_->Wrote(path_, bytes.size());
    return file_->Append(bytes);
  }
  leveldb::Status Close() override {
    leveldb::Status status = env_->Step(path_);
    leveldb::Status closed = file_->Close();
    return status.ok() ? closed : status;
  }
  leveldb::Status Flush() override {
    leveldb::Status status = env_->Step(path_);
    return status.ok() ? file_->Flush() : status;
  }
  leveldb::Status Sync() override {
    leveldb::Status status = env_->Step(path_);
    if (!status.ok()) return status;
    env_->Synced(path_);
    return file_->Sync();
  }

 private:
  FaultEnv* env_;
  const std::string path_;
  std::unique_ptr<leveldb::WritableFile> file_;
};

class FaultSequentialFile : public leveldb::SequentialFile {
 public:
  FaultSequentialFile(FaultEnv* env, std::string path, leveldb::SequentialFile* file)
      : env_(env), path_(std::move(path)), file_(file) {}

  leveldb::Status Read(std::size_t size, leveldb::Slice* result, char* scratch) override {
    leveldb::Status status = env_->Step(path_);
    return status.ok() ? file_->Read(size, result, scratch) : status;
  }
  leveldb::Status Skip(std::uint64_t size) override {
    leveldb::Status status = env_->Step(path_);
    return status.ok() ? file_->Skip(size) : status;
  }

 private:
  FaultEnv* env_;
  const std::string path_;
  std::unique_ptr<leveldb::SequentialFile> file_;
};

}  // namespace

void FaultEnv::FailAt(std::uint64_t nth, bool stays_broken) {
  fail_at_ = nth == kNever ? kNever : calls_ + nth;
  stays_broken_ = stays_broken;
  failed_ = false;
}

void FaultEnv::HoldWrites() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void FaultEnv::LetWritesGo() {
  {
    const std::lock_guard lock(mutex_);
    held_ = false;
  }
  let_go_.notify_all();
}

bool FaultEnv::holds_writes() {
  const std::lock_guard lock(mutex_);
  return held_;
}

void FaultEnv::AwaitWrites() {
  std::unique_lock lock(mutex_);
  let_go_.wait(lock, [this] { return !held_; });
}

leveldb::Status FaultEnv::Step(const std::string& subject) {
  ++calls_;
  if (calls_ != fail_at_ && !(stays_broken_ && calls_ > fail_at_)) return leveldb::Status::OK();
  failed_ = true;
  return leveldb::Status::IOError(subject, "Input/output error");
}

leveldb::Status FaultEnv::TakeSpace(const std::string& subject, std::uint64_t bytes) {
  if (space_bytes_ == kNever) return leveldb::Status::OK();
  if (bytes > space_bytes_) {
    failed_ = true;
    return leveldb::Status::IOError(subject, "No space left on device");
  }
  space_bytes_ -= bytes;
  return leveldb::Status::OK();
}

void FaultEnv::Truncate(const std::string& path, std::uint64_t length) {
  // The file no longer exists, so it has nothing to lose.
  (void)!::truncate(path.c_str(), static_cast<off_t>(length));
}

leveldb::Status FaultEnv::NewSequentialFile(const std::string& path,
                                            leveldb::SequentialFile** file) {
  leveldb::Status status = Step(path);
  if (!status.ok()) return status;
  leveldb::SequentialFile* opened = nullptr;
  status = target()->NewSequentialFile(path, &opened);
  if (status.ok()) *file = new FaultSequentialFile(this, path, opened);
  return status;
}

leveldb::Status FaultEnv::NewWritableFile(const std::string& path, leveldb::WritableFile** file) {
  leveldb::Status status = Step(path);
  if (!status.ok()) return status;
  leveldb::WritableFile* opened = nullptr;
  status = target()->NewWritableFile(path, &opened);
  if (!status.ok()) return status;
  lengths_[path] = Length{++files_made_, 0, 0};
  *file = new FaultWritableFile(this, path, opened);
  return status;
}

leveldb::Status FaultEnv::NewAppendableFile(const std::string& path, leveldb::WritableFile** file) {
  leveldb::Status status = Step(path);
  if (!status.ok()) return status;
  leveldb::WritableFile* opened = nullptr;
  status = target()->NewAppendableFile(path, &opened);
  if (!status.ok()) return status;
  std::uint64_t size = 0;
  (void)target()->GetFileSize(path, &size);
  lengths_.try_emplace(path, Length{++files_made_, size, size});
  *file = new FaultWritableFile(this, path, opened);
  return status;
}

leveldb::Status FaultEnv::GetChildren(const std::string& path, std::vector<std::string>* names) {
  leveldb::Status status = Step(path);
  return status.ok() ? target()->GetChildren(path, names) : status;
}

leveldb::Status FaultEnv::RemoveFile(const std::string& path) {
  leveldb::Status status = Step(path);
  if (!status.ok()) return status;
  lengths_.erase(path);
  return target()->RemoveFile(path);
}

leveldb::Status FaultEnv::CreateDir(const std::string& path) {
  leveldb::Status status = Step(path);
  return status.ok() ? target()->CreateDir(path) : status;
}

leveldb::Status FaultEnv::RemoveDir(const std::string& path) {
  leveldb::Status status = Step(path);
  return status.ok() ? target()->RemoveDir(path) : status;
}

leveldb::Status FaultEnv::GetFileSize(const std::string& path, std::uint64_t* size) {
  leveldb::Status status = Step(path);
  return status.ok() ? target()->GetFileSize(path, size) : status;
}

leveldb::Status FaultEnv::RenameFile(const std::string& from, const std::string& to) {
  leveldb::Status status = Step(from);
  if (!status.ok()) return status;
  status = target()->RenameFile(from, to);
  const auto moved = lengths_.find(from);
  if (status.ok() && moved != lengths_.end()) {
    lengths_[to] = moved->second;
    lengths_.erase(from);
  }
  return status;
}

leveldb::Status FaultEnv::LockFile(const std::string& path, leveldb::FileLock** lock) {
  leveldb::Status status = Step(path);
  return status.ok() ? target()->LockFile(path, lock) : status;
}

}  // namespace tributary
