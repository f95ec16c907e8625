#include "tests/simulation/logged_source.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace tributary::simulation {
namespace {

constexpr std::size_t kKeys = 10;
constexpr std::size_t kMostWriters = 4;

}  // namespace

LoggedSource::LoggedSource(Random& random) : random_(random) {
  const std::size_t tables = 1 + Below(random_, 3);
  for (std::size_t i = 0; i < tables; ++i) {
    Relation& relation = relations_[absl::StrCat("t", i)];
    relation.columns = {kKeyColumn, "a", kLargeColumn};
    for (std::size_t key = 0; key < kKeys; ++key) {
      if (OneIn(random_, 3)) continue;
      relation.versions.push_back(
          {MakeRow(relation, absl::StrCat(key)), static_cast<int>(Below(random_, kBlocks)), 1});
    }
  }
}

std::string LoggedSource::NextValue() { return absl::StrCat(++values_); }

Row LoggedSource::MakeRow(const Relation& relation, const std::string& key) {
  Row row;
  for (const std::string& column : relation.columns) row[column] = NextValue();
  row[kKeyColumn] = key;
  return row;
}

// --- what happens in it ------------------------------------------------------

void LoggedSource::Step(const Faults& faults) {
  StepBetween(faults);
  if (faults.server_crashes && OneIn(random_, 250)) Crash();
}

void LoggedSource::StepBetween(const Faults& faults) {
  const bool writes = faults.source_changes && writes_left_ > 0;
  if (writes) --writes_left_;
  Step(writes);
}

void LoggedSource::Step(bool writes) {
  const std::size_t what = Below(random_, 100);
  const auto some = [this](auto& writers) {
    return std::next(writers.begin(), static_cast<long>(Below(random_, writers.size())));
  };
  if (!hidden_.empty() && what < 25) {
    const auto one = some(hidden_);
    const Writer writer = std::move(one->second);
    hidden_.erase(one);
    Show(writer);
  } else if (!running_.empty() && what < 45) {
    const auto one = some(running_);
    const std::uint64_t number = one->first;
    Writer writer = std::move(one->second);
    running_.erase(one);
    if (OneIn(random_, 10)) return RollBack(number, writer);
    Commit(number, std::move(writer));
  } else if (!writes) {
    return;
  } else if (!running_.empty() && what < 85) {
    const auto one = some(running_);
    Write(one->first, one->second);
  } else if (what < 97) {
    if (running_.size() < kMostWriters) running_[next_++];
  } else {
    OneIn(random_, 3) ? AddColumn() : MoveRows();
  }
}

void LoggedSource::Write(std::uint64_t number, Writer& writer) {
  const auto relation =
      std::next(relations_.begin(), static_cast<long>(Below(random_, relations_.size())));
  if (OneIn(random_, 40)) return Empty(number, writer, relation->first);
  if (relation->second.owner == 0 || relation->second.owner == number) {
    WriteRow(number, writer, relation->first);
  }
}

void LoggedSource::WriteRow(std::uint64_t number, Writer& writer, const std::string& name) {
  using What = LoggedChange::What;
  Relation& relation = relations_.at(name);
  const std::string key = absl::StrCat(Below(random_, kKeys));
  if (!LockRow(number, writer, name, key)) return;
  Version* const old = See(number, name, key);
  const auto put = [&](const Row& row) {
    relation.versions.push_back({row, static_cast<int>(Below(random_, kBlocks)), number});
  };
  if (old == nullptr) {
    const Row row = MakeRow(relation, key);
    put(row);
    return Log(writer, {What::kInsert, name, key, row});
  }
  const std::size_t what = Below(random_, 100);
  Row row = old->row;
  row["a"] = NextValue();
  if (what < 20) {
    old->ended = number;
    return Log(writer, {What::kDelete, name, key});
  }
  if (what < 40) row[kLargeColumn] = NextValue();
  if (row.contains(kAddedColumn)) row[kAddedColumn] = NextValue();
  if (what >= 85) {
    const std::string other = absl::StrCat(Below(random_, kKeys));
    if (other == key || !LockRow(number, writer, name, other) ||
        See(number, name, other) != nullptr) {
      return;
    }
    row[kKeyColumn] = other;
  }
  // Called before versions are added.
  See(number, name, key)->ended = number;
  put(row);
  if (what >= 40) row.erase(kLargeColumn);
  Log(writer, {What::kUpdate, name, key, row});
}

void LoggedSource::Empty(std::uint64_t number, Writer& writer, const std::string& name) {
  if (!Own(number, writer, name)) return;
  for (Version& version : relations_.at(name).versions) {
    if (version.ended == 0) version.ended = number;
  }
  Log(writer,
      {OneIn(random_, 3) ? LoggedChange::What::kLost : LoggedChange::What::kTruncate, name});
}

// In its own transaction.
void LoggedSource::AddColumn() {
  const std::string name = relations_.begin()->first;
  const auto& columns = relations_.at(name).columns;
  if (std::count(columns.begin(), columns.end(), kAddedColumn) > 0) return;
  Writer writer;
  if (!Own(next_, writer, name)) return;
  writer.adds_column = true;
  Log(writer, {LoggedChange::What::kAddColumn, name});
  Commit(next_++, std::move(writer));
}

// As VACUUM FULL does: no row changes, and the log contains nothing about it.
void LoggedSource::MoveRows() {
  const std::string name = relations_.rbegin()->first;
  Writer writer;
  if (!OneIn(random_, 4) || !Own(next_, writer, name)) return;
  Relation& relation = relations_.at(name);
  std::erase_if(relation.versions, [](const Version& version) { return version.ended != 0; });
  for (Version& version : relation.versions) {
    version.block = static_cast<int>(Below(random_, kBlocks));
  }
  ++relation.content;
  Unlock(writer);
}

// --- locks and versions ------------------------------------------------------

bool LoggedSource::LockRow(std::uint64_t number, Writer& writer, const std::string& table,
                           const std::string& key) {
  const auto [lock, is_new] = row_locks_.try_emplace({table, key}, number);
  if (lock->second != number) return false;
  writer.rows.insert({table, key});
  return true;
}

bool LoggedSource::Own(std::uint64_t number, Writer& writer, const std::string& table) {
  Relation& relation = relations_.at(table);
  if (relation.owner == number) return true;
  const bool others_write = std::any_of(
      row_locks_.begin(), row_locks_.end(),
      [&](const auto& lock) { return lock.first.first == table && lock.second != number; });
  if (relation.owner != 0 || others_write || *relation.readers > 0) return false;
  relation.owner = number;
  writer.owned.insert(table);
  return true;
}

std::shared_ptr<void> LoggedSource::Lock(const std::string& table) {
  Relation& relation = relations_.at(table);
  if (relation.owner != 0) return nullptr;
  ++*relation.readers;
  return {relation.readers.get(), [readers = relation.readers](void*) { --*readers; }};
}

// The version that the transaction itself sees; the transaction holds the row's lock.
LoggedSource::Version* LoggedSource::See(std::uint64_t, const std::string& table,
                                         const std::string& key) {
  for (Version& version : relations_.at(table).versions) {
    if (version.ended == 0 && version.row.at(kKeyColumn) == key) return &version;
  }
  return nullptr;
}

void LoggedSource::Unlock(const Writer& writer) {
  for (const auto& row : writer.rows) row_locks_.erase(row);
  for (const std::string& table : writer.owned) relations_.at(table).owner = 0;
}

// --- ends of transactions ----------------------------------------------------

void LoggedSource::Log(Writer& writer, LoggedChange change) {
  change.in_log = relations_.at(change.table).taken_up;
  change.lsn = lsn_ += 8;
  writer.changes.push_back(std::move(change));
}

void LoggedSource::Commit(std::uint64_t number, Writer writer) {
  const std::uint64_t final = lsn_ += 8;
  log_.push_back({number, writer.changes, final, lsn_ += 8});
  last_committed_ = std::max(last_committed_, number);
  hidden_[number] = std::move(writer);
}

void LoggedSource::RollBack(std::uint64_t number, const Writer& writer) {
  for (auto& [name, relation] : relations_) {
    std::erase_if(relation.versions,
                  [number](const Version& version) { return version.made == number; });
    for (Version& version : relation.versions) {
      if (version.ended == number) version.ended = 0;
    }
  }
  Unlock(writer);
}

// The transaction becomes visible.
void LoggedSource::Show(const Writer& writer) {
  for (const std::string& name : writer.owned) {
    if (!writer.adds_column) continue;
    Relation& relation = relations_.at(name);
    relation.columns.emplace_back(kAddedColumn);
    for (Version& version : relation.versions) version.row[kAddedColumn] = "null";
  }
  Unlock(writer);
}

void LoggedSource::Crash() {
  life_ = absl::StrCat("life ", ++lives_);
  for (const auto& [number, writer] : running_) RollBack(number, writer);
  running_.clear();
  for (const auto& [number, writer] : hidden_) Show(writer);
  hidden_.clear();
  next_ = last_committed_ + 1;
  kept_waits_for_.reset();
}

}  // namespace tributary::simulation
