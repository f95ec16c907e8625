// The file system that digests give to LevelDB. LevelDB writes each change twice: to a log, and,
// once 8 MiB of changes are together, to a table, after which it removes the log. Nothing relies on
// a change that is not synced, so here a log stays in memory until a sync asks for it, and most of
// its bytes are never written.
//
// LevelDB also never syncs a log that it leaves for a new one; here a sync covers all logs.
#ifndef TRIBUTARY_SUPERVISOR_DIGESTS_HELD_LOGS_H_
#define TRIBUTARY_SUPERVISOR_DIGESTS_HELD_LOGS_H_

#include <leveldb/env.h>
#include <leveldb/status.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "supervisor/staging/private_env.h"

namespace tributary {

// Any thread.
class HeldLogs final : public PrivateEnv {
 public:
  // `target` has to outlive this, and this the files that it makes.
  explicit HeldLogs(leveldb::Env* target) : PrivateEnv(target, /*syncs=*/true) {}

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status RemoveFile(const std::string& path) override;

  // Writes and syncs all logs, in the order in which they were made. After an error nothing more is
  // written to any of them, and each call returns that error.
  leveldb::Status Sync();

 private:
  struct Log;
  class File;

  std::mutex mutex_;
  std::vector<std::shared_ptr<Log>> logs_;
  leveldb::Status failure_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_HELD_LOGS_H_
