#include "worker/compare/known_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <unordered_set>

namespace tributary {
namespace {

constexpr std::size_t kLeastSlots = 64;
// Less than the bytes of any row's entry.
constexpr std::size_t kLeastEntryBytes = kRowDigestBytes + 1;
// Rows after the last found one that are tried before the index is used: those before the wanted
// one are gone.
constexpr std::size_t kRowsAhead = 16;
// Of the filter over the keys that are gone.
constexpr std::size_t kFilterBits = 1 << 16;

bool Same(const char* digest, const RowDigest& other) {
  return std::memcmp(digest, other.data(), other.size()) == 0;
}

std::uint64_t Hash(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

}  // namespace

KnownRows::Slot& KnownRows::SlotOf(std::string_view key, std::uint64_t hash) {
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at].place != 0 &&
         (slots_[at].tag != tag || rows_[slots_[at].place - 1].key != key)) {
    at = (at + 1) & (slots_.size() - 1);
  }
  slots_[at].tag = tag;
  return slots_[at];
}

void KnownRows::Index(std::size_t more) {
  const std::size_t rows = rows_.size() + more;
  if (!slots_.empty() && indexed_ == rows_.size() && 2 * rows <= slots_.size()) return;
  slots_.assign(std::max(kLeastSlots, std::bit_ceil(2 * rows)), {});
  for (std::size_t at = 0; at < rows_.size(); ++at) {
    SlotOf(rows_[at].key, rows_[at].hash).place = static_cast<std::uint32_t>(at + 1);
  }
  indexed_ = rows_.size();
}

KnownRows::Row* KnownRows::Find(std::string_view key) {
  const std::size_t end = std::min(rows_.size(), next_ + kRowsAhead);
  for (std::size_t at = next_; at < end; ++at) {
    if (rows_[at].key != key) continue;
    next_ = at + 1;
    return &rows_[at];
  }
  if (rows_.empty()) return nullptr;
  Index();
  const std::uint32_t place = SlotOf(key, Hash(key)).place;
  if (place == 0) return nullptr;
  next_ = place;
  return &rows_[place - 1];
}

KnownRows::Row& KnownRows::FindOrAdd(std::string_view key) {
  const std::uint64_t hash = Hash(key);
  Slot& slot = SlotOf(key, hash);
  if (slot.place == 0) {
    rows_.push_back({.key = key, .hash = hash});
    slot.place = static_cast<std::uint32_t>(rows_.size());
    indexed_ = rows_.size();
  }
  return rows_[slot.place - 1];
}

bool KnownRows::AddRows(std::string_view entries) {
  rows_.reserve(rows_.size() + entries.size() / kLeastEntryBytes);
  // Of the rows since the last page.
  std::vector<std::string_view> from_here;
  while (!entries.empty()) {
    const std::string_view begin = entries;
    const auto entry = TakeRow(entries);
    if (!entry) return false;
    if (entry->page_rows == 0) {
      from_here.push_back(begin);
      rows_.push_back({.key = entry->key,
                       .digest = entry->digest,
                       .hash = Hash(entry->key),
                       .confirmed = true});
      continue;
    }
    if (entry->page_rows > from_here.size()) return false;
    const std::string_view page = from_here[from_here.size() - entry->page_rows];
    pages_.insert_or_assign(
        std::string_view(entry->digest, kRowDigestBytes),
        KnownPage{.page = {.entries = page.substr(0, page.size() - entries.size()),
                           .rows = entry->page_rows},
                  .first = rows_.size() - entry->page_rows});
    from_here.clear();
  }
  return true;
}

std::optional<KnownRows::Page> KnownRows::SeePage(std::string_view digest) {
  const auto known = pages_.find(digest);
  if (known == pages_.end()) return std::nullopt;
  const auto [page, first] = known->second;
  pages_.erase(known);
  for (std::size_t at = first; at < first + page.rows; ++at) rows_[at].seen = true;
  next_ = first + page.rows;
  return page;
}

bool KnownRows::AddIntents(std::string_view entries) {
  std::size_t intents = 0;
  for (std::string_view rest = entries; !rest.empty(); ++intents) {
    if (!TakeIntent(rest)) return false;
  }
  Index(intents);
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
  // Of a key that comes twice, one row was sent or left out already, and may not be the last one.
  const bool again = std::exchange(row->seen, true);
  return again || !row->confirmed || !row->agreed || !Same(row->digest, digest);
}

bool KnownRows::TakeGone(const std::function<void(std::string_view key)>& gone) {
  std::unordered_set<std::string_view> keys;
  std::vector<bool> filter(kFilterBits);
  for (const Row& row : rows_) {
    if (row.seen) continue;
    keys.insert(row.key);
    filter[row.hash % kFilterBits] = true;
  }
  if (keys.empty()) return true;
  bool sound = true;
  // A DELETE of a key that the source has would lose its row.
  for (const Row& row : rows_) {
    if (row.seen && filter[row.hash % kFilterBits] && keys.erase(row.key) > 0) sound = false;
  }
  for (Row& row : rows_) {
    if (!row.seen && keys.erase(row.key) > 0) gone(row.key);
    row.seen = true;
  }
  return sound;
}

}  // namespace tributary
