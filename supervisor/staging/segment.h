// One LevelDB: a contiguous run of blocks of one epoch. It is written once, by
// one process, and never reopened for writing; it stays in LevelDB's log, so it
// is never compacted, and it is removed whole.
//
// One thread at a time. The Env has to outlive the segment.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_SEGMENT_H_
#define TRIBUTARY_SUPERVISOR_STAGING_SEGMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "leveldb/db.h"
#include "leveldb/env.h"
#include "leveldb/write_batch.h"
#include "supervisor/staging/segment_cipher.h"
#include "supervisor/staging/segment_header.h"

namespace tributary {

// The name of a segment's folder: eight decimal digits, from 00000001.
std::string SegmentPath(const std::string& epoch_path, std::uint64_t number);
// 0 if `name` is not a segment's.
std::uint64_t ParseSegmentName(const std::string& name);

class Segment {
 public:
  // UNAVAILABLE: the disk fails.
  static absl::StatusOr<std::unique_ptr<Segment>> Create(leveldb::Env* env,
                                                         const std::string& epoch_path,
                                                         std::uint64_t epoch, std::uint64_t number,
                                                         BlockKey first,
                                                         std::string_view epoch_key);

  // For reading. NOT_FOUND: it was never finished and holds nothing. DATA_LOSS, UNIMPLEMENTED,
  // PERMISSION_DENIED: as OpenHeader. UNAVAILABLE: the disk fails.
  static absl::StatusOr<std::unique_ptr<Segment>> Open(leveldb::Env* env,
                                                       const std::string& epoch_path,
                                                       std::uint64_t epoch, std::uint64_t number,
                                                       std::string_view epoch_key);

  absl::Status Put(BlockKey key, std::string_view value);

  // Not positioned at first. Also returns the header, at kHeaderKey. Valid while the segment lives;
  // does not see blocks put later.
  std::unique_ptr<leveldb::Iterator> NewIterator() const;

  std::uint64_t number() const { return header_.segment; }
  BlockKey first() const { return header_.first; }
  SegmentCipher& cipher() const { return *cipher_; }
  // Size of its files, as far as this process wrote them.
  std::uint64_t bytes_written() const { return bytes_written_; }

  // The most that a value of `value_bytes` takes on disk.
  static std::uint64_t BytesFor(std::uint64_t value_bytes);

 private:
  Segment() = default;
  absl::Status OpenDatabase(leveldb::Env* env, const std::string& path, bool create);

  std::string path_;
  SegmentHeader header_;
  std::unique_ptr<SegmentCipher> cipher_;
  std::unique_ptr<leveldb::DB> database_;
  leveldb::WriteBatch batch_;
  std::uint64_t bytes_written_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_SEGMENT_H_
