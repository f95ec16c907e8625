// The segments of one epoch on disk: which there are and what they take.
// Passive: who may drop what is decided elsewhere.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_EPOCH_FOLDER_H_
#define TRIBUTARY_SUPERVISOR_STAGING_EPOCH_FOLDER_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "leveldb/env.h"
#include "supervisor/staging/segment_cipher.h"

namespace tributary {

// `first` and `last_position` are known to a writer, and to a replay once it has
// looked; otherwise 0.
struct SegmentSpan {
  std::uint64_t number = 0;
  BlockKey first;
  std::uint64_t last_position = 0;
  std::uint64_t bytes = 0;
};

class EpochFolder {
 public:
  // 16 hexadecimal digits; false where `name` is something else.
  static bool ParseName(const std::string& name, std::uint64_t* epoch);

  // One that is there. Sweeps away segments half removed.
  static absl::StatusOr<EpochFolder> Load(leveldb::Env* env, std::string path, std::uint64_t epoch);
  // A new one; ALREADY_EXISTS where there is one of that name.
  static absl::StatusOr<EpochFolder> Make(leveldb::Env* env, std::string path, std::uint64_t epoch);

  const std::string& path() const { return path_; }
  std::uint64_t epoch() const { return epoch_; }
  leveldb::Env* env() const { return env_; }
  std::uint64_t bytes() const { return bytes_; }

  // In the order of their numbers. Only what a span covers may be changed here.
  std::deque<SegmentSpan>& segments() { return segments_; }
  const std::deque<SegmentSpan>& segments() const { return segments_; }

  // A segment that was made behind all others.
  void Add(const SegmentSpan& segment);
  // The last segment takes so many bytes now.
  void SetLastBytes(std::uint64_t bytes);

  absl::Status DropFirst();
  absl::Status DropLast();
  // All of it, folder included.
  absl::Status Remove();

 private:
  EpochFolder(leveldb::Env* env, std::string path, std::uint64_t epoch)
      : env_(env), path_(std::move(path)), epoch_(epoch) {}

  leveldb::Env* env_;
  std::string path_;
  std::uint64_t epoch_;
  std::uint64_t bytes_ = 0;
  std::deque<SegmentSpan> segments_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_EPOCH_FOLDER_H_
