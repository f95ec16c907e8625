// What staging holds: finished UpdateResponse messages, each with its position.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_ITEM_H_
#define TRIBUTARY_SUPERVISOR_STAGING_ITEM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace tributary {

// The numbers are on disk.
enum class ItemKind : std::uint8_t { kBatch = 1, kCheckpoint = 2 };

// One message of the stream. `bytes` belongs to whoever handed the item out.
struct StagedItem {
  std::uint64_t position = 0;
  ItemKind kind = ItemKind::kBatch;
  std::string_view bytes;
};

// Items with contiguous positions, read back together. The items' bytes lie in
// `bytes`, which stays where it is when the block is moved.
struct StagedBlock {
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
  std::vector<StagedItem> items;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_ITEM_H_
