// The segments of one epoch on disk and their sizes. Passive: others decide what may be dropped.
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

// A writer knows `first` and `last_position`, and a replay once it has read them; otherwise they
// are 0.
struct SegmentSpan {
  std::uint64_t number = 0;
  BlockKey first;
  std::uint64_t last_position = 0;
  std::uint64_t bytes = 0;
};

class EpochFolder {
 public:
  // 16 hexadecimal digits; false for any other `name`.
  static bool ParseName(const std::string& name, std::uint64_t* epoch);

  // An existing one. Removes segments whose removal was interrupted.
  static absl::StatusOr<EpochFolder> Load(leveldb::Env* env, std::string path, std::uint64_t epoch);
  // A new one; ALREADY_EXISTS if there is one of that name.
  static absl::StatusOr<EpochFolder> Make(leveldb::Env* env, std::string path, std::uint64_t epoch);

  const std::string& path() const { return path_; }
  std::uint64_t epoch() const { return epoch_; }
  leveldb::Env* env() const { return env_; }
  std::uint64_t bytes() const { return bytes_; }

  // In the order of their numbers. Only a segment's span may be changed here.
  std::deque<SegmentSpan>& segments() { return segments_; }
  const std::deque<SegmentSpan>& segments() const { return segments_; }

  // A new segment, after all others.
  void Add(const SegmentSpan& segment);
  // Sets the size of the last segment.
  void SetLastBytes(std::uint64_t bytes);

  absl::Status DropFirst();
  absl::Status DropLast();
  // Drops all of it, including the folder.
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
