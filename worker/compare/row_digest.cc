#include "worker/compare/row_digest.h"

#include <algorithm>
#include <cstring>

#include "common/batch/wire.h"
#include "common/limits.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tributary {
namespace {

static_assert(kDigestSecretBytes >= XXH3_SECRET_SIZE_MIN);
constexpr unsigned char kOneByteVarint = 0x80;

// Removes a length from `bytes` and returns it; the encoder wrote them, so it is there.
inline std::size_t TakeLength(std::string_view& bytes) {
  if (!bytes.empty() && static_cast<unsigned char>(bytes.front()) < kOneByteVarint) {
    const auto length = static_cast<std::size_t>(bytes.front());
    bytes.remove_prefix(1);
    return length;
  }
  return static_cast<std::size_t>(wire::TakeVarint(bytes).value_or(0));
}

// Removes an entry from `entries` and returns its content.
inline std::string_view TakeEntry(std::string_view& entries) {
  entries.remove_prefix(1);
  const std::size_t size = TakeLength(entries);
  const std::string_view content = entries.substr(0, size);
  entries.remove_prefix(content.size());
  return content;
}

}  // namespace

RowDigester::RowDigester(std::string_view secret) : secret_(secret) {
  secret_.resize(std::max(secret_.size(), kDigestSecretBytes));
}

std::optional<DigestedRow> RowDigester::Digest(const TableShape& shape, std::string_view entries) {
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(entries.data(), entries.size(), secret_.data(), secret_.size());
  std::size_t column = 0;
  const bool one = shape.keys().size() == 1;
  std::string_view key;
  key_.clear();
  for (const std::size_t wanted : shape.keys()) {
    if (wanted < column) return std::nullopt;
    std::string_view entry;
    for (; column <= wanted; ++column) {
      if (entries.empty()) return std::nullopt;
      entry = TakeEntry(entries);
    }
    const TableShape::Prefix prefix = shape.prefixes()[wanted];
    const std::size_t name_bytes = prefix.size - TableShape::kEntryHeadBytes;
    if (entry.size() <= name_bytes ||
        std::memcmp(entry.data(), prefix.bytes + TableShape::kEntryHeadBytes, name_bytes) != 0) {
      return std::nullopt;
    }
    entry.remove_prefix(name_bytes);
    TakeLength(entry);
    key = entry;
    if (!one) key_.append(key);
  }
  if (!one) key = key_;
  if (key.size() > limits::kMaxDigestKeyBytes) return std::nullopt;
  DigestedRow row{.key = key};
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  static_assert(sizeof(canonical) == kRowDigestBytes);
  std::memcpy(row.digest.data(), &canonical, sizeof(canonical));
  return row;
}

}  // namespace tributary
