#include "worker/sources/sqlite/schema_gaps.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/sources/sqlite/result_code.h"

namespace tributary::sqlite {
namespace {

constexpr std::size_t kWhyBytes = 200;

constexpr char kNoSchemaYet[] = "CREATE TABLE root(a); PRAGMA writable_schema=ON";
constexpr char kDeclare[] = "UPDATE sqlite_schema SET name = ?1, tbl_name = ?1, sql = ?2";
constexpr char kParse[] = "PRAGMA writable_schema=RESET; SELECT 1 FROM sqlite_schema";

// Why SQLite cannot parse a table's declaration; empty if it can. The declaration is parsed again
// in a database that has only this table: when SQLite ignores an object, it reports no reason, and
// it may keep the part of a table that it understood.
std::string WhyNotParsed(const std::string& name, const std::string& sql) {
  sqlite3* alone = nullptr;
  std::string why = "SQLite has no memory to parse it";
  sqlite3_stmt* declare = nullptr;
  if (sqlite3_open_v2(":memory:", &alone,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
                      nullptr) == SQLITE_OK &&
      sqlite3_exec(alone, kNoSchemaYet, nullptr, nullptr, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(alone, kDeclare, -1, &declare, nullptr) == SQLITE_OK) {
    sqlite3_bind_text(declare, 1, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
    sqlite3_bind_text(declare, 2, sql.data(), static_cast<int>(sql.size()), SQLITE_STATIC);
    sqlite3_step(declare);
    sqlite3_finalize(declare);
    const bool parsed = sqlite3_exec(alone, kParse, nullptr, nullptr, nullptr) == SQLITE_OK;
    why = parsed ? std::string() : sqlite3_errmsg(alone);
  }
  sqlite3_close_v2(alone);
  // Behind "malformed database schema (NAME) - ".
  const std::size_t words = why.find(") - ");
  return (words == std::string::npos ? why : why.substr(words + 4)).substr(0, kWhyBytes);
}

// For SQLite a table's declaration is a table, whatever type its catalog gives.
bool IsTable(const std::string& type, const std::string& sql) {
  return absl::EqualsIgnoreCase(type, "table") || absl::StartsWithIgnoreCase(sql, "create table");
}

}  // namespace

std::string SchemaGaps::Remark() const {
  std::vector<std::string> names = tables;
  std::sort(names.begin(), names.end());
  const bool more = names.size() > kNamesInRemark;
  if (more) names.resize(kNamesInRemark);
  return absl::StrCat(
      tables.size(), tables.size() == 1 ? " table (" : " tables (", absl::StrJoin(names, ", "),
      more ? ", …" : "", ") left out: ", ThisSqlite(), " cannot parse the declaration",
      why.empty() ? "" : absl::StrCat(" of ", tables.front(), " (", why, ")"),
      "; if a newer SQLite wrote it, update tributary; otherwise repair it with the application");
}

absl::StatusOr<SchemaGaps> FindSchemaGaps(Connection& connection,
                                          const std::function<bool(const std::string&)>& parsed) {
  auto statement = connection.Prepare("SELECT type, name, sql FROM main.sqlite_schema", "");
  if (!statement.ok()) return statement.status();
  SchemaGaps gaps;
  for (;;) {
    const int code = sqlite3_step(statement->get());
    if (code == SQLITE_DONE) return gaps;
    if (code != SQLITE_ROW) return connection.Error(code, "read catalog of", "");
    const std::string type = ColumnText(statement->get(), 0);
    std::string name = ColumnText(statement->get(), 1);
    if (absl::EqualsIgnoreCase(type, "view")) {
      if (!parsed(name)) gaps.views.push_back(std::move(name));
    } else if (const std::string sql = ColumnText(statement->get(), 2); IsTable(type, sql)) {
      std::string why = WhyNotParsed(name, sql);
      connection.pulse().Beat();
      if (why.empty() && parsed(name)) continue;
      if (gaps.tables.empty()) gaps.why = std::move(why);
      gaps.tables.push_back(std::move(name));
    }
  }
}

}  // namespace tributary::sqlite
