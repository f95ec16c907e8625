#include "worker/compare/known_rows.h"

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tributary {
namespace {

constexpr std::size_t kLeastSlots = 64;

bool Same(const char* digest, const RowDigest& other) {
  return std::memcmp(digest, other.data(), other.size()) == 0;
}

}  // namespace

std::size_t KnownRows::SlotOf(std::string_view key) const {
  std::size_t slot = XXH3_64bits(key.data(), key.size()) & (slots_.size() - 1);
  while (slots_[slot] != 0 && rows_[slots_[slot] - 1].key != key) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

void KnownRows::Grow() {
  slots_.assign(std::max(kLeastSlots, 2 * slots_.size()), 0);
  for (std::size_t at = 0; at < rows_.size(); ++at) {
    slots_[SlotOf(rows_[at].key)] = static_cast<std::uint32_t>(at + 1);
  }
}

KnownRows::Row* KnownRows::Find(std::string_view key) {
  if (slots_.empty()) return nullptr;
  const std::uint32_t place = slots_[SlotOf(key)];
  return place == 0 ? nullptr : &rows_[place - 1];
}

KnownRows::Row& KnownRows::FindOrAdd(std::string_view key) {
  if (2 * (rows_.size() + 1) > slots_.size()) Grow();
  std::uint32_t& place = slots_[SlotOf(key)];
  if (place == 0) {
    rows_.push_back({.key = key});
    place = static_cast<std::uint32_t>(rows_.size());
  }
  return rows_[place - 1];
}

bool KnownRows::AddRows(std::string_view entries) {
  while (!entries.empty()) {
    const auto entry = TakeRow(entries);
    if (!entry) return false;
    Row& row = FindOrAdd(entry->key);
    row.digest = entry->digest;
    row.confirmed = true;
  }
  return true;
}

bool KnownRows::AddIntents(std::string_view entries) {
  while (!entries.empty()) {
    const auto entry = TakeIntent(entries);
    if (!entry) return false;
    if (entry->digest == nullptr) {
      // A row that is not known is sent anyway.
      if (Row* const row = Find(entry->key)) row->agreed = false;
      continue;
    }
    Row& row = FindOrAdd(entry->key);
    row.agreed =
        row.agreed && row.confirmed && std::memcmp(row.digest, entry->digest, kRowDigestBytes) == 0;
  }
  return true;
}

bool KnownRows::MustSend(std::string_view key, const RowDigest& digest) {
  Row* const row = Find(key);
  if (row == nullptr) return true;
  row->seen = true;
  return !row->confirmed || !row->agreed || !Same(row->digest, digest);
}

void KnownRows::TakeGone(const std::function<void(std::string_view key)>& gone) {
  for (Row& row : rows_) {
    if (!row.seen) gone(row.key);
    row.seen = true;
  }
}

}  // namespace tributary
