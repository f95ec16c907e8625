#include "worker/compare/known_rows.h"

#include <algorithm>
#include <bit>
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

KnownRows::Slot& KnownRows::SlotOf(std::string_view key) {
  const std::uint64_t hash = XXH3_64bits(key.data(), key.size());
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at].place != 0 &&
         (slots_[at].tag != tag || rows_[slots_[at].place - 1].key != key)) {
    at = (at + 1) & (slots_.size() - 1);
  }
  slots_[at].tag = tag;
  return slots_[at];
}

void KnownRows::Reserve(std::size_t rows) {
  rows += rows_.size();
  if (2 * rows <= slots_.size()) return;
  rows_.reserve(rows);
  slots_.assign(std::max(kLeastSlots, std::bit_ceil(2 * rows)), {});
  for (std::size_t at = 0; at < rows_.size(); ++at) {
    SlotOf(rows_[at].key).place = static_cast<std::uint32_t>(at + 1);
  }
}

KnownRows::Row* KnownRows::Find(std::string_view key) {
  if (next_ < rows_.size() && rows_[next_].key == key) return &rows_[next_++];
  if (slots_.empty()) return nullptr;
  const std::uint32_t place = SlotOf(key).place;
  if (place == 0) return nullptr;
  next_ = place;
  return &rows_[place - 1];
}

KnownRows::Row& KnownRows::FindOrAdd(std::string_view key) {
  Slot& slot = SlotOf(key);
  if (slot.place == 0) {
    rows_.push_back({.key = key});
    slot.place = static_cast<std::uint32_t>(rows_.size());
  }
  return rows_[slot.place - 1];
}

bool KnownRows::AddRows(std::string_view entries) {
  std::size_t rows = 0;
  for (std::string_view rest = entries; !rest.empty(); ++rows) {
    if (!TakeRow(rest)) return false;
  }
  Reserve(rows);
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
  std::size_t intents = 0;
  for (std::string_view rest = entries; !rest.empty(); ++intents) {
    if (!TakeIntent(rest)) return false;
  }
  Reserve(intents);
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
