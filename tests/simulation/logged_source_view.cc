// What connections see of a LoggedSource, and its log.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/simulation/logged_source.h"

namespace tributary::simulation {

// --- what a connection sees --------------------------------------------------

Snapshot LoggedSource::TakeSnapshot() const {
  std::set<std::uint64_t> unseen;
  for (const auto& [number, writer] : running_) unseen.insert(number);
  for (const auto& [number, writer] : hidden_) unseen.insert(number);
  Snapshot snapshot;
  snapshot.none_from = next_;
  snapshot.all_before = unseen.empty() ? next_ : *unseen.begin();
  snapshot.except.assign(unseen.begin(), unseen.end());
  return snapshot;
}

std::multimap<int, Row> LoggedSource::RowsSeenBy(const std::string& table,
                                                 const Snapshot& snapshot) const {
  std::multimap<int, Row> rows;
  for (const Version& version : relations_.at(table).versions) {
    if (snapshot.Sees(version.made) && (version.ended == 0 || !snapshot.Sees(version.ended))) {
      rows.emplace(version.block, version.row);
    }
  }
  return rows;
}

std::optional<Row> LoggedSource::Find(const std::string& table, const std::string& key) const {
  for (const auto& [block, row] : RowsSeenBy(table, TakeSnapshot())) {
    if (row.at(kKeyColumn) == key) return row;
  }
  return std::nullopt;
}

Table LoggedSource::Current(const std::string& table) const {
  Table current{true, relations_.at(table).columns, {}};
  for (const auto& [block, row] : RowsSeenBy(table, TakeSnapshot())) {
    int key = 0;
    if (absl::SimpleAtoi(row.at(kKeyColumn), &key)) current.rows[key] = row;
  }
  return current;
}

std::vector<std::string> LoggedSource::tables() const {
  std::vector<std::string> names;
  for (const auto& [name, relation] : relations_) names.push_back(name);
  return names;
}

std::string LoggedSource::ContentOf(const std::string& table) const {
  return absl::StrCat("content ", relations_.at(table).content);
}

Catalog LoggedSource::Describe() const {
  Catalog catalog;
  catalog.set_identity("one");
  for (const auto& [name, relation] : relations_) {
    CatalogTable& described = *catalog.add_tables();
    described.set_schema("main");
    described.set_table(name);
    described.set_access("key");
    described.set_estimated_bytes(relation.versions.size());
    described.set_content(ContentOf(name));
    described.set_has_log(true);
    for (const std::string& column : relation.columns) {
      auto& added = *described.add_columns();
      added.set_name(column);
      added.set_type(fivetran_sdk::v2::LONG);
      added.set_primary_key(column == kKeyColumn);
    }
  }
  return catalog;
}

// --- its log -----------------------------------------------------------------

bool LoggedSource::Keep() {
  if (kept_from_.has_value()) return true;
  if (!kept_waits_for_.has_value()) {
    kept_waits_for_.emplace();
    for (const auto& [number, writer] : running_) kept_waits_for_->insert(number);
  }
  for (const std::uint64_t number : *kept_waits_for_) {
    if (running_.contains(number)) return false;
  }
  kept_from_ = lsn_;
  return true;
}

void LoggedSource::Release(std::uint64_t end) {
  kept_from_ = std::max(kept_from_.value_or(0), end);
}

std::uint64_t LoggedSource::TakeUp(const std::string& table) {
  relations_.at(table).taken_up = true;
  return next_++;
}

std::uint64_t LoggedSource::WriteMessage() {
  const std::uint64_t final = lsn_ += 8;
  log_.push_back({0, {}, final, lsn_ += 8});
  return lsn_;
}

}  // namespace tributary::simulation
