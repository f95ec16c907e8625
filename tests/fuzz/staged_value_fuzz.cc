// Any bytes as a block of the staging after decryption: the parser returns items within the block,
// or refuses it. Also any bytes as a batch's compact form, which a worker wrote. Links
// tributary_staging.
//
// The input: 12 bytes of key, 12 of prefix, the rest as stored; or a compact form.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "common/batch/compact_expansion.h"
#include "supervisor/staging/block.h"
#include "supervisor/staging/segment_header.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void ParseAsHeader(std::string_view bytes) {
  (void)tributary::OpenHeader(bytes, "a key of thirty-two bytes, fixed");
}

void ParseAsBlock(std::string_view bytes) {
  using namespace tributary;
  if (bytes.size() < kBlockKeyBytes + kBlockPrefixBytes) return;
  OpenedBlock block;
  block.key = DecodeBlockKey(bytes.substr(0, kBlockKeyBytes)).value();
  const auto shape = ParseBlockPrefix(bytes.substr(kBlockKeyBytes, kBlockPrefixBytes));
  if (!shape.ok()) return;
  block.shape = *shape;
  block.stored = bytes.substr(kBlockKeyBytes + kBlockPrefixBytes);
  const auto parsed = ParseItems(block);
  if (!parsed.ok()) return;
  Require(block.next() > block.key);
  Require(parsed->items.size() == block.shape.count);
  std::size_t bytes_in_items = 0;
  for (const StagedItem& item : parsed->items) {
    bytes_in_items += kItemHeadBytes + item.bytes.size();
    Require(item.bytes.data() >= parsed->bytes.get() &&
            item.bytes.data() + item.bytes.size() <= parsed->bytes.get() + parsed->size);
  }
  Require(bytes_in_items == parsed->size);
  Require(parsed->items.front().position == block.key.position);
  Require(parsed->items.back().position == block.last_position());
}

// Expands into memory of exactly the stated size, for the sanitizer.
void ParseAsCompactBatch(std::string_view bytes) {
  using namespace tributary;
  const auto size = ExpandedBytes(bytes);
  if (!size.ok()) return;
  const auto batch = std::make_unique<char[]>(*size);
  (void)ExpandCompactBatch(bytes, batch.get());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ParseAsHeader(bytes);
  ParseAsBlock(bytes);
  ParseAsCompactBatch(bytes);
  return 0;
}
