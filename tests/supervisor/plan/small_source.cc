#include "tests/supervisor/plan/small_source.h"

#include <algorithm>
#include <cstdlib>

namespace tributary::gate_world {
namespace {

constexpr std::uint8_t kFirstNumber = 10;

std::int8_t Small(int number) { return static_cast<std::int8_t>(number); }

}  // namespace

SmallSource::SmallSource(const Script& script) : script_(&script), next_number_(kFirstNumber) {
  versions_.push_back({0, 100, 110, 0, -1, -1});
  if (script.two_rows) versions_.push_back({1, 101, 111, 1, -1, -1});
}

bool SmallSource::Advance(int index, bool in_log) {
  const auto place = static_cast<std::size_t>(index);
  Transaction& transaction = transactions_[place];
  switch (transaction.stage) {
    case Stage::kIdle: {
      const std::vector<Write>& writes = script_->transactions[place];
      if (IsLocked(writes)) return false;
      transaction.number = TakeNumber();
      transaction.in_log = in_log;
      for (std::size_t i = 0; i < writes.size(); ++i) {
        DoWrite(index, writes[i], 10 * index + static_cast<int>(i));
      }
      transaction.stage = Stage::kWritten;
      return true;
    }
    case Stage::kWritten:
      log_.push_back(static_cast<std::uint8_t>(index));
      transaction.stage = Stage::kLogged;
      return true;
    case Stage::kLogged:
      visible_ = static_cast<Set>(visible_ | 1u << index);
      transaction.stage = Stage::kVisible;
      return true;
    case Stage::kVisible:
      return false;
  }
  std::abort();
}

bool SmallSource::IsLocked(const std::vector<Write>& writes) const {
  const auto locks = [this](int by) { return by >= 0 && !Has(visible_, by); };
  for (const Write& write : writes) {
    for (const Version& version : versions_) {
      const bool touched = version.key == write.key || write.kind == Kind::kRename;
      if (touched && (locks(version.made_by) || locks(version.ended_by))) return true;
    }
  }
  return false;
}

void SmallSource::DoWrite(int index, const Write& write, int value) {
  const Set seen = static_cast<Set>(visible_ | 1u << index);
  const Version* found = Find(write.key, seen);
  if (found == nullptr && write.kind != Kind::kReplace) return;
  const int kept = found == nullptr ? 0 : found->toast;
  const int other = 1 - write.key;
  Changes& changes = transactions_[static_cast<std::size_t>(index)].changes;
  switch (write.kind) {
    case Kind::kUpdate:
      Put(index, write.key, value, kept, write.block);
      changes.push_back({Small(write.key), Small(value), kMissing});
      break;
    case Kind::kReplace:
      Put(index, write.key, value, value + 50, write.block);
      changes.push_back({Small(write.key), Small(value), Small(value + 50)});
      break;
    case Kind::kRename:
      if (Find(other, seen) != nullptr) break;
      Put(index, write.key, kMissing, kMissing, 0);
      Put(index, other, value, kept, write.block);
      changes.push_back({Small(write.key), kMissing, kMissing});
      changes.push_back({Small(other), Small(value), kMissing, true});
      break;
    case Kind::kDelete:
      Put(index, write.key, kMissing, kMissing, 0);
      changes.push_back({Small(write.key), kMissing, kMissing});
      break;
  }
}

void SmallSource::Put(int transaction, int key, int value, int toast, int block) {
  const Set seen = static_cast<Set>(visible_ | 1u << transaction);
  for (Version& version : versions_) {
    const bool there = version.key == key && (version.made_by < 0 || Has(seen, version.made_by));
    if (there && version.ended_by < 0) version.ended_by = Small(transaction);
  }
  if (value == kMissing) return;
  versions_.push_back(
      {Small(key), Small(value), Small(toast), Small(block), Small(transaction), -1});
}

View SmallSource::Look() const {
  View view;
  view.seen = visible_;
  Snapshot& snapshot = view.snapshot;
  snapshot.none_from = kFirstNumber;
  for (const Transaction& transaction : transactions_) {
    if (transaction.stage != Stage::kVisible) continue;
    snapshot.none_from = std::max<std::uint64_t>(snapshot.none_from, transaction.number + 1u);
  }
  snapshot.all_before = snapshot.none_from;
  for (const Transaction& transaction : transactions_) {
    if (transaction.stage == Stage::kIdle || transaction.stage == Stage::kVisible) continue;
    snapshot.all_before = std::min<std::uint64_t>(snapshot.all_before, transaction.number);
    if (transaction.number < snapshot.none_from) snapshot.except.push_back(transaction.number);
  }
  std::sort(snapshot.except.begin(), snapshot.except.end());
  return view;
}

const Version* SmallSource::Find(int key, Set seen) const {
  for (const Version& version : versions_) {
    const bool made = version.made_by < 0 || Has(seen, version.made_by);
    const bool ended = version.ended_by >= 0 && Has(seen, version.ended_by);
    if (version.key == key && made && !ended) return &version;
  }
  return nullptr;
}

Rows SmallSource::RowsSeenBy(Set seen) const {
  Rows rows;
  for (int key = 0; key < kKeys; ++key) {
    const Version* version = Find(key, seen);
    if (version != nullptr) rows[static_cast<std::size_t>(key)] = {version->value, version->toast};
  }
  return rows;
}

}  // namespace tributary::gate_world
