#include "worker/compare/entries.h"

#include <algorithm>
#include <cstdint>

#include "common/batch/wire.h"
#include "common/limits.h"

namespace tributary {
namespace {

// Added to the number of a page's rows; longer than any key.
constexpr std::uint64_t kPage = 1 << 16;
static_assert(kPage > limits::kMaxDigestKeyBytes);

constexpr std::size_t kShortKeyBytes = 32;

void AppendVarint(std::string& out, std::uint64_t value) {
  char bytes[wire::kMaxVarintBytes];
  out.append(bytes, wire::PutVarint(bytes, value));
}

std::optional<std::string_view> Take(std::string_view& bytes, std::uint64_t size) {
  if (size > bytes.size()) return std::nullopt;
  const std::string_view taken = bytes.substr(0, static_cast<std::size_t>(size));
  bytes.remove_prefix(taken.size());
  return taken;
}

std::optional<Entry> TakeEntry(std::string_view& entries, std::uint64_t key_bytes, bool gone) {
  const auto key = Take(entries, key_bytes);
  if (!key) return std::nullopt;
  if (gone) return Entry{.key = *key};
  const auto digest = Take(entries, kRowDigestBytes);
  if (!digest) return std::nullopt;
  return Entry{.key = *key, .digest = digest->data()};
}

}  // namespace

void AppendRow(std::string& entries, std::string_view key, const RowDigest& digest) {
  // One append for most rows: three would cost as much as the digest.
  char entry[wire::kMaxVarintBytes + kShortKeyBytes + kRowDigestBytes];
  char* at = wire::PutVarint(entry, key.size());
  if (key.size() > kShortKeyBytes) {
    entries.append(entry, static_cast<std::size_t>(at - entry))
        .append(key)
        .append(digest.data(), digest.size());
    return;
  }
  at = std::copy(key.begin(), key.end(), at);
  at = std::copy(digest.begin(), digest.end(), at);
  entries.append(entry, static_cast<std::size_t>(at - entry));
}

void AppendPage(std::string& entries, std::uint64_t rows, std::string_view digest) {
  AppendVarint(entries, kPage + rows);
  entries.append(digest);
}

void AppendUpsert(std::string& entries, std::string_view key, const RowDigest& digest) {
  AppendVarint(entries, 2 * key.size());
  entries.append(key).append(digest.data(), digest.size());
}

void AppendDelete(std::string& entries, std::string_view key) {
  AppendVarint(entries, 2 * key.size() + 1);
  entries.append(key);
}

std::optional<Entry> TakeRow(std::string_view& entries) {
  const auto size = wire::TakeVarint(entries);
  if (!size) return std::nullopt;
  if (*size <= kPage) return TakeEntry(entries, *size, /*gone=*/false);
  auto page = TakeEntry(entries, 0, /*gone=*/false);
  if (page.has_value()) page->page_rows = *size - kPage;
  return page;
}

std::optional<Entry> TakeIntent(std::string_view& entries) {
  const auto size = wire::TakeVarint(entries);
  if (!size) return std::nullopt;
  return TakeEntry(entries, *size / 2, *size % 2 == 1);
}

std::optional<std::string_view> TakeField(std::string_view& key) {
  if (key.empty()) return std::nullopt;
  std::string_view rest = key.substr(1);
  std::optional<std::string_view> content;
  switch (static_cast<unsigned char>(key.front()) & wire::kTypeBits) {
    case wire::kVarint:
      if (wire::TakeVarint(rest).has_value()) content = rest;
      break;
    case wire::kFixed64:
      content = Take(rest, sizeof(std::uint64_t));
      break;
    case wire::kFixed32:
      content = Take(rest, sizeof(std::uint32_t));
      break;
    case wire::kDelimited:
      if (const auto size = wire::TakeVarint(rest)) content = Take(rest, *size);
      break;
    default:
      break;
  }
  if (!content) return std::nullopt;
  const std::string_view field = key.substr(0, key.size() - rest.size());
  key = rest;
  return field;
}

}  // namespace tributary
