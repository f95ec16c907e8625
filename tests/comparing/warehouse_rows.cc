#include "tests/comparing/warehouse_rows.h"

#include <sqlite3.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/process/database.h"

namespace tributary::tests {
namespace {

class Query {
 public:
  Query(Database& database, const std::string& sql) {
    prepared_ = sqlite3_prepare_v2(database.get(), sql.c_str(), -1, &statement_, nullptr);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() { sqlite3_finalize(statement_); }

  bool Step() { return prepared_ == SQLITE_OK && sqlite3_step(statement_) == SQLITE_ROW; }
  std::string Value(int column) const {
    const int type = sqlite3_column_type(statement_, column);
    if (type == SQLITE_NULL) return "NULL";
    if (type == SQLITE_FLOAT) return RealText(sqlite3_column_double(statement_, column));
    const void* const bytes = type == SQLITE_BLOB ? sqlite3_column_blob(statement_, column)
                                                  : sqlite3_column_text(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    const std::string value(size == 0 ? "" : static_cast<const char*>(bytes), size);
    return type == SQLITE_BLOB ? absl::StrCat("\\x", absl::BytesToHexString(value)) : value;
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int prepared_;
};

std::string Quoted(const std::string& name) {
  return absl::StrCat("\"", absl::StrJoin(absl::StrSplit(name, '"'), "\"\""), "\"");
}

// 1.50 becomes 1.5, and -0 becomes 0.
std::string OneSpelling(const std::string& text) {
  if (text.empty() || text.find_first_not_of("-.0123456789") != std::string::npos) return text;
  std::string plain = text;
  if (plain.find('.') != std::string::npos) {
    plain.erase(plain.find_last_not_of('0') + 1);
    if (plain.back() == '.') plain.pop_back();
  }
  return plain == "-0" ? "0" : plain;
}

std::vector<std::string> OneSpelling(const std::vector<std::string>& key) {
  std::vector<std::string> spelled;
  for (const std::string& value : key) spelled.push_back(OneSpelling(value));
  return spelled;
}

}  // namespace

std::string RealText(double number) {
  std::array<char, 64> room;
  return {room.data(), std::to_chars(room.data(), room.data() + room.size(), number).ptr};
}

WarehouseTables ReadWarehouse(const std::string& path) {
  WarehouseTables tables;
  if (!std::filesystem::exists(path)) return tables;
  Database database(path);
  std::map<std::string, std::pair<std::string, std::vector<std::string>>> columns;
  Query shapes(database,
               "SELECT t.\"schema\" || '.' || t.name, t.stored_as, c.stored_as, c.\"column\" || ' "
               "' || c.type, c.pk FROM _tributary_tester_tables t JOIN _tributary_tester_columns c "
               "ON c.\"table\" = t.\"table\" WHERE t.part = 0 ORDER BY t.\"table\", c.pk = 0, "
               "c.position");
  while (shapes.Step()) {
    WarehouseTable& table = tables[shapes.Value(0)];
    auto& [stored_as, names] = columns[shapes.Value(0)];
    stored_as = shapes.Value(1);
    names.push_back(Quoted(shapes.Value(2)));
    const bool is_key = shapes.Value(4) != "0";
    table.keys += is_key ? 1 : 0;
    absl::StrAppend(&table.shape, shapes.Value(3), is_key ? " key, " : ", ");
  }
  for (auto& [name, table] : tables) {
    const auto& [stored_as, names] = columns[name];
    Query rows(database, absl::StrCat("SELECT ", absl::StrJoin(names, ", "), " FROM ",
                                      Quoted(stored_as), " WHERE NOT _fivetran_deleted"));
    while (rows.Step()) {
      std::vector<std::string> row;
      for (std::size_t at = 0; at < names.size(); ++at) {
        row.push_back(rows.Value(static_cast<int>(at)));
      }
      const auto keys = static_cast<std::ptrdiff_t>(table.keys == 0 ? row.size() : table.keys);
      table.rows.emplace(std::vector(row.begin(), row.begin() + keys), std::move(row));
    }
  }
  return tables;
}

Difference DifferenceOf(const WarehouseTable& before, const WarehouseTable& after) {
  Difference difference;
  std::set<std::vector<std::string>> gone;
  for (const auto& [key, row] : before.rows) {
    if (!after.rows.contains(key)) gone.insert(OneSpelling(key));
    difference.deletes += after.rows.contains(key) ? 0 : 1;
  }
  for (const auto& [key, row] : after.rows) {
    const auto found = before.rows.find(key);
    if (found != before.rows.end() && found->second == row) continue;
    ++difference.upserts;
    difference.respelled = difference.respelled || gone.contains(OneSpelling(key));
  }
  return difference;
}

}  // namespace tributary::tests
