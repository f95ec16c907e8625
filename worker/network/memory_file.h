// A file that is in memory only, for libraries that take certificates and keys by path.
#ifndef TRIBUTARY_WORKER_NETWORK_MEMORY_FILE_H_
#define TRIBUTARY_WORKER_NETWORK_MEMORY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/file_descriptor.h"

namespace tributary {

// Must be made before the sandbox closes, because the sandbox refuses memfd_create; its path can be
// opened inside. It never reaches a disk.
class MemoryFile {
 public:
  // Nothing can change `content` afterwards, and only this user may read it: libpq refuses a key
  // that others may read. RESOURCE_EXHAUSTED: no memory or descriptors.
  static absl::StatusOr<MemoryFile> Make(absl::string_view content);

  // Valid while this object lives, in this process only.
  std::string path() const;

 private:
  explicit MemoryFile(FileDescriptor file);

  FileDescriptor file_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_NETWORK_MEMORY_FILE_H_
