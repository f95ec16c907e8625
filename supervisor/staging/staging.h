// A connection's staging: its syncs put their stream on the local disk, so that the source need not
// be read twice. Encrypted, bounded, and never required: losing all of it only costs time.
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
  // --staging-dir; made if it is missing, but not its parent.
  std::string root;
  // The connection's id: 16 to 128 lower-case hexadecimal digits.
  std::string connection;
  // Of all epochs of the connection together.
  std::uint64_t limit_bytes = 0;
  // A segment is closed before it exceeds this; at most one eighth of the limit.
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
  // Writer and replays must be destroyed first.
  ~StagingStore();

  // The items staged after `after_position`, up to the last staged checkpoint. All of them are
  // decrypted and checked here, which takes about a second for each gigabyte of stream. If some are
  // damaged, the replay ends at the last checkpoint before them. Segments before the position and
  // after that checkpoint are dropped.
  //
  // `epoch`: 16 lower-case hexadecimal digits. `key`: 32 bytes.
  // NOT_FOUND: not held (another epoch, an older position), or nothing after it. DATA_LOSS: damaged
  // before the first checkpoint after the position. PERMISSION_DENIED: sealed with another key.
  // UNIMPLEMENTED: written by another version of the format. FAILED_PRECONDITION: the epoch is
  // being written or replayed. UNAVAILABLE: the disk fails. After each of these errors the source
  // is read from the state's own cursors. CANCELLED: `given_up`, which is called before each
  // segment, returned true.
  absl::StatusOr<std::unique_ptr<Replay>> OpenReplay(
      const std::string& epoch, std::string_view key, std::uint64_t after_position,
      const std::function<bool()>& given_up = [] { return false; });

  // A new epoch, for this sync. ALREADY_EXISTS: its id was used before.
  // FAILED_PRECONDITION: there is a writer. UNAVAILABLE: the disk fails.
  absl::StatusOr<std::unique_ptr<EpochWriter>> Begin(const std::string& epoch,
                                                     std::string_view key);

  // Drops all other epochs of the connection. FAILED_PRECONDITION if a writer or a replay holds one
  // of them; then nothing is dropped.
  absl::Status KeepOnly(const std::vector<std::string>& epochs);

  std::uint64_t bytes_on_disk() const { return room_.bytes(); }

  // Drops connections that have no owner and were last used more than
  // `older_than` before `now`. Returns how many. If one cannot be dropped, the others still are;
  // the first such error is returned.
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
