// The file system that staging gives to LevelDB: no one else may read its files, and it does not
// sync unless asked to.
//
// Staging does not sync on purpose: LevelDB would sync its manifest whenever a segment is made,
// which waits for a disk's whole write queue. A power cut may then lose the end, or leave a segment
// that does not open; a replay recognises both.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_PRIVATE_ENV_H_
#define TRIBUTARY_SUPERVISOR_STAGING_PRIVATE_ENV_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "leveldb/env.h"

namespace tributary {

class PrivateEnv : public leveldb::EnvWrapper {
 public:
  // `target` has to outlive this, and this the files that it makes. `syncs`: what LevelDB syncs is
  // synced.
  explicit PrivateEnv(leveldb::Env* target, bool syncs = false)
      : leveldb::EnvWrapper(target), syncs_(syncs) {}

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status CreateDir(const std::string& path) override;
  // Reads with pread. LevelDB's own files are mapped: there, a disk that fails, or a file that is
  // cut short, would end the process with SIGBUS, and what was read would count as our memory.
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** file) override;

 private:
  leveldb::WritableFile* Wrapped(leveldb::WritableFile* file) const;

  const bool syncs_;
};

// For a database's options: without it LevelDB writes a log file of messages into its folder.
leveldb::Logger* SilentLevelDbLog();

// Converts a LevelDB status: UNAVAILABLE for a disk that fails, DATA_LOSS for bytes that are not
// LevelDB's. `doing` names the operation and its subject.
absl::Status FromLevelDb(const leveldb::Status& status, absl::string_view doing);

// The names in a folder, sorted, without . and .. .
absl::StatusOr<std::vector<std::string>> ListFolder(leveldb::Env& env, const std::string& path);

// The total size of the files directly in a folder.
absl::StatusOr<std::uint64_t> FolderBytes(leveldb::Env& env, const std::string& path);

// Removes a folder and everything in it. The folder is renamed first, so that a kill in between
// leaves nothing that looks like a whole one. Follows no symbolic link: FAILED_PRECONDITION if
// `path` is one.
absl::Status RemoveFolder(leveldb::Env& env, const std::string& path);

// Whether RemoveFolder gave this name, and the name before that.
bool IsRubbish(const std::string& name);
std::string NameBefore(const std::string& rubbish);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_PRIVATE_ENV_H_
