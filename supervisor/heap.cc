#include "supervisor/heap.h"

#include <malloc.h>

#include "common/limits.h"

namespace tributary {

void SetUpHeap() {
  mallopt(M_ARENA_MAX, limits::kHeapArenas);
  // LevelDB frees a write buffer of tens of MiB after every segment; returning it to the kernel and
  // allocating it again costs half as much as writing it.
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(limits::kKeptHeapBytes));
  mallopt(M_MMAP_THRESHOLD, static_cast<int>(limits::kMappedAllocationBytes));
}

void ReturnFreeHeap() { malloc_trim(0); }

}  // namespace tributary
