// The file system as staging has LevelDB see it: nobody else may read its files,
// and, unless it is asked to, it does not sync.
//
// Staging leaves syncing out on purpose: LevelDB would sync its manifest whenever a
// segment is made, a stall of a disk's whole write queue. A power cut then loses
// a tail, or leaves a segment that does not open; replay recognises both.
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
  // `target` has to outlive this.
  explicit PrivateEnv(leveldb::Env* target, bool syncs = false)
      : leveldb::EnvWrapper(target), syncs_(syncs) {}

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status CreateDir(const std::string& path) override;

 private:
  const bool syncs_;
};

// For a database's options: otherwise LevelDB writes a file of messages into its folder.
leveldb::Logger* SilentLevelDbLog();

// A LevelDB status as ours: UNAVAILABLE for a disk that fails, DATA_LOSS for
// bytes that are not LevelDB's. `doing` says what failed, with its subject.
absl::Status FromLevelDb(const leveldb::Status& status, absl::string_view doing);

// The names in a folder, sorted, without . and .. .
absl::StatusOr<std::vector<std::string>> ListFolder(leveldb::Env& env, const std::string& path);

// The bytes of the files that stand directly in a folder.
absl::StatusOr<std::uint64_t> FolderBytes(leveldb::Env& env, const std::string& path);

// Removes a folder and all in it, so that a kill in between leaves nothing that
// could be taken for a whole one: it gets the name of rubbish first. Follows no symbolic
// link: FAILED_PRECONDITION where `path` is one.
absl::Status RemoveFolder(leveldb::Env& env, const std::string& path);

// Whether a name is one that RemoveFolder gives, and the name that it had.
bool IsRubbish(const std::string& name);
std::string NameBefore(const std::string& rubbish);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_PRIVATE_ENV_H_
