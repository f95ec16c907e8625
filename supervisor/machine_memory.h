// How much memory syncs take, and how much there is.
#ifndef TRIBUTARY_SUPERVISOR_MACHINE_MEMORY_H_
#define TRIBUTARY_SUPERVISOR_MACHINE_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/limits.h"

namespace tributary {

// The formula of deploy/README.md: memory of the supervisor without a sync, of each sync (LevelDB's
// write buffer), and of each worker (its ring, and the buffers of source and encoder).
inline constexpr std::uint64_t kSupervisorMemoryBytes = 100 * limits::kMiB;
inline constexpr std::uint64_t kSyncMemoryBytes = 64 * limits::kMiB;
inline constexpr std::uint64_t kWorkerMemoryBytes = 76 * limits::kMiB;

// One more worker than --workers, for the source's log.
inline constexpr std::uint64_t MemoryOfSync(std::size_t workers) {
  return kSyncMemoryBytes + (workers + 1) * kWorkerMemoryBytes;
}

struct MemoryLimit {
  std::uint64_t bytes = 0;
  // "the control group's limit", "the machine's".
  std::string source;
};

// The least of the machine's memory and the limits of the control groups, of either
// version, that this process is in.
MemoryLimit MemoryOfThisProcess();

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_MACHINE_MEMORY_H_
