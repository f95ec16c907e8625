#include "tests/simulation/source_history.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/connector_sdk.pb.h"

namespace tributary::simulation {

bool IsMisfit(const std::string& value) { return value.starts_with("misfit"); }

SourceHistory::SourceHistory(Random& random) : random_(random) {
  Content content;
  const std::size_t tables = 1 + Below(random_, kMostTables);
  for (std::size_t i = 0; i < tables; ++i) {
    Table& table = content[absl::StrCat("t", i)];
    table.keyed = !OneIn(random_, 4);
    table.columns = {kKeyColumn, "a", "b"};
    for (std::size_t rows = Below(random_, kPlaces); rows > 0; --rows) {
      const int place = static_cast<int>(Below(random_, kPlaces));
      table.rows[place] = MakeRow(table, place);
    }
  }
  Commit(std::move(content));
}

Row SourceHistory::MakeRow(const Table& table, int place) {
  Row row;
  for (const std::string& column : table.columns) {
    row[column] = absl::StrCat(OneIn(random_, 150) ? "misfit" : "", ++values_);
  }
  row[kKeyColumn] = absl::StrCat(place);
  return row;
}

void SourceHistory::ChangeRow(Content& content) {
  Table& table =
      std::next(content.begin(), static_cast<long>(Below(random_, content.size())))->second;
  const int place = static_cast<int>(Below(random_, kPlaces));
  if (OneIn(random_, 2)) {
    table.rows.erase(place);
  } else {
    table.rows[place] = MakeRow(table, place);
  }
}

void SourceHistory::Step(const Faults& faults) {
  if (faults.source_changes && OneIn(random_, 25)) Change();
}

void SourceHistory::Change() {
  Content content = *now_;
  for (std::size_t changes = 1 + Below(random_, kMostTables); changes > 0; --changes)
    ChangeRow(content);
  if (OneIn(random_, 12)) {
    Table& table = content.begin()->second;
    const std::string column = "added";
    if (std::erase(table.columns, column) == 0) table.columns.push_back(column);
    for (auto& [place, row] : table.rows) {
      if (row.erase(column) == 0) row[column] = absl::StrCat(++values_);
    }
  }
  if (OneIn(random_, 20)) content.begin()->second.rows.clear();
  Commit(std::move(content));
}

void SourceHistory::Commit(Content content) {
  version_ = absl::StrCat("commit ", ++commits_);
  now_ = std::make_shared<const Content>(std::move(content));
  history_[version_] = now_;
}

Catalog SourceHistory::Describe() const {
  Catalog catalog;
  catalog.set_version(version_);
  catalog.set_identity("one");
  for (const auto& [name, table] : *now_) {
    CatalogTable& described = *catalog.add_tables();
    described.set_schema("main");
    described.set_table(name);
    described.set_access(table.keyed ? "key" : "scan");
    described.set_estimated_bytes(table.rows.size());
    described.set_content(version_);
    for (const std::string& column : table.columns) {
      auto& added = *described.add_columns();
      added.set_name(column);
      added.set_type(fivetran_sdk::v2::LONG);
      added.set_primary_key(table.keyed && column == kKeyColumn);
    }
  }
  return catalog;
}

}  // namespace tributary::simulation
