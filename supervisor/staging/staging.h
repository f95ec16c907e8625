// A connection's staging: what its syncs put on the local disk so that it need
// not be read from the source twice. Encrypted, bounded, and never needed: to
// lose all of it costs time and nothing else.
//
// Owned by one sync. One thread at a time, for the store with its writer and its
// replay. Calls block on the disk.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_STAGING_H_
#define TRIBUTARY_SUPERVISOR_STAGING_STAGING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/limits.h"
#include "leveldb/env.h"
#include "supervisor/staging/connection_lock.h"
#include "supervisor/staging/epoch_writer.h"
#include "supervisor/staging/item.h"
#include "supervisor/staging/private_env.h"
#include "supervisor/staging/replay.h"
#include "supervisor/staging/room.h"

namespace tributary {

struct StagingOptions {
  // --staging-dir; made where it is missing, its parent is not.
  std::string root;
  // Which connection: lower-case hexadecimal digits, 16 to 128 of them.
  std::string connection;
  // Of all epochs of the connection together.
  std::uint64_t limit_bytes = 0;
  // A segment is closed before it holds more; one eighth of the limit at most.
  std::uint64_t segment_bytes = limits::kStagingSegmentBytes;
  leveldb::Env* env = leveldb::Env::Default();
};

class StagingStore {
 public:
  // ABORTED: the connection has an owner; the text names its process.
  // INVALID_ARGUMENT: the options. UNAVAILABLE: the disk fails.
  static absl::StatusOr<std::unique_ptr<StagingStore>> Open(const StagingOptions& options);

  StagingStore(const StagingStore&) = delete;
  StagingStore& operator=(const StagingStore&) = delete;
  // Writer and replays have to be gone.
  ~StagingStore();

  // What is staged behind `after_position`, up to the last staged checkpoint.
  // All of it is decrypted and checked here, so this costs about a second for
  // each gigabyte of stream; what is damaged is cut off at the last checkpoint
  // before it. Segments before the position and behind that checkpoint go.
  //
  // `epoch`: 16 lower-case hexadecimal digits. `key`: 32 bytes.
  // NOT_FOUND: not held (another epoch, an older position), or nothing behind.
  // DATA_LOSS: damaged before any checkpoint behind the position.
  // PERMISSION_DENIED: sealed with another key.
  // UNIMPLEMENTED: written by another version of the format.
  // FAILED_PRECONDITION: the epoch is being written or replayed.
  // UNAVAILABLE: the disk fails.
  // After each of them the source is read from the state's own cursors.
  // CANCELLED: `given_up`, which is asked before each segment, says so.
  absl::StatusOr<std::unique_ptr<Replay>> OpenReplay(
      const std::string& epoch, std::string_view key, std::uint64_t after_position,
      const std::function<bool()>& given_up = [] { return false; });

  // A new epoch, for this sync. ALREADY_EXISTS: its id was used before.
  // FAILED_PRECONDITION: there is a writer. UNAVAILABLE: the disk fails.
  absl::StatusOr<std::unique_ptr<EpochWriter>> Begin(const std::string& epoch,
                                                     std::string_view key);

  // Drops all other epochs of the connection. FAILED_PRECONDITION where one of
  // them is held by a writer or a replay; then nothing is dropped.
  absl::Status KeepOnly(const std::vector<std::string>& epochs);

  std::uint64_t bytes_on_disk() const { return room_.bytes(); }

  // Drops connections that have no owner and were last used more than
  // `older_than` before `now`. Returns how many. One that cannot be dropped does
  // not keep the others; the first such error is returned.
  static absl::StatusOr<int> DropAbandoned(const std::string& root, absl::Duration older_than,
                                           absl::Time now,
                                           leveldb::Env* env = leveldb::Env::Default());

 private:
  StagingStore(const StagingOptions& options, std::string path, ConnectionLock lock);
  absl::Status Load();

  PrivateEnv env_;
  const std::string path_;
  ConnectionLock lock_;
  const std::uint64_t segment_bytes_;
  StagingRoom room_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_STAGING_H_
