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

// One message of the stream. The code that handed the item out owns the bytes.
struct StagedItem {
  std::uint64_t position = 0;
  ItemKind kind = ItemKind::kBatch;
  std::string_view bytes;
  // Kept instead of `bytes` (common/batch/FORMAT.md); if empty, `bytes` are kept.
  std::string_view compact = {};

  std::string_view kept() const { return compact.empty() ? bytes : compact; }
};

// Items with contiguous positions, read back together. The items' bytes are in `bytes` and
// `expanded`, whose addresses stay the same when the block is moved.
struct StagedBlock {
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
  // Restored bytes of items that were kept in their compact form.
  std::unique_ptr<char[]> expanded;
  std::vector<StagedItem> items;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_ITEM_H_
