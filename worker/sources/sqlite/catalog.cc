#include "worker/sources/sqlite/catalog.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/text.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/btree.h"
#include "worker/sources/sqlite/key_form.h"
#include "worker/sources/sqlite/schema.h"
#include "worker/sources/sqlite/schema_gaps.h"
#include "worker/sources/sqlite/types.h"

namespace tributary::sqlite {
namespace {

using fivetran_sdk::v2::DataType;

std::string Named(std::size_t count, absl::string_view kind, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  const bool more = names.size() > kNamesInRemark;
  if (more) names.resize(kNamesInRemark);
  return absl::StrCat(count, " ", kind, count == 1 ? "" : "s", " (", absl::StrJoin(names, ", "),
                      more ? ", …)" : ")");
}

class CatalogReader {
 public:
  CatalogReader(Connection& connection, Catalog& catalog)
      : connection_(connection), catalog_(catalog), trees_(connection.db(), connection.header()) {}

  absl::Status Run() {
    SchemaReader schema(connection_);
    KnownNames names;
    absl::Status status = schema.ReadNames(names);
    if (status.ok() && connection_.schema_has_gaps()) status = ReadGaps(names);
    if (status.ok()) {
      status = schema.ReadTables([this](const DeclaredTable& table) { return Add(table); });
    }
    if (status.ok()) AddRemarks(names);
    return status;
  }

 private:
  absl::Status ReadGaps(KnownNames& names) {
    auto gaps = FindSchemaGaps(connection_, [&names](const std::string& name) {
      return names.all.contains(absl::AsciiStrToLower(name));
    });
    if (!gaps.ok()) return gaps.status();
    names.views.insert(names.views.end(), gaps->views.begin(), gaps->views.end());
    if (!gaps->tables.empty()) catalog_.add_remarks(Shown(gaps->Remark()));
    for (const std::string& table : gaps->tables) unparsed_.insert(absl::AsciiStrToLower(table));
    return absl::OkStatus();
  }

  absl::Status Add(DeclaredTable declared) {
    if (unparsed_.contains(absl::AsciiStrToLower(declared.name)) || !LeaveOutNameless(declared)) {
      return absl::OkStatus();
    }
    if (!HasPlainNames(declared)) {
      badly_named_.push_back(declared.name);
      return absl::OkStatus();
    }
    const auto nulls = KeyHoldsNull(declared);
    if (!nulls.ok()) return LeaveOutIfDamaged(declared, nulls.status());

    CatalogTable table;
    table.set_schema(kSchemaName);
    table.set_table(declared.name);
    if (*nulls || !declared.has_key()) AddRowidKey(declared, *nulls, table);
    for (const DeclaredTable::Column& from : declared.columns) {
      auto& column = *table.add_columns();
      column.set_name(from.name);
      SetType(from.type, column);
      if (from.key_place == 0 || *nulls) continue;
      column.set_primary_key(true);
      const absl::Status typed = SetKeyType(declared.name, column);
      if (!typed.ok()) return LeaveOutIfDamaged(declared, typed);
    }
    Access access = AccessTo(connection_, declared);
    table.set_comparison(ComparisonOf(declared, access, table));
    if (table.comparison() == CatalogTable::RANGES) table.set_order(OrderOf(access));
    access.version = catalog_.version();
    table.set_access(access.Text());
    table.set_estimated_bytes(trees_.GuessBytes(declared.root_page));
    *catalog_.add_tables() = std::move(table);
    return absl::OkStatus();
  }

  // With a key that is only guessed the table would be another one, and would be copied from
  // TRUNCATE, though it cannot be read.
  absl::Status LeaveOutIfDamaged(const DeclaredTable& table, const absl::Status& why) {
    if (!absl::IsDataLoss(why)) return why;
    damaged_.push_back(table.name);
    return absl::OkStatus();
  }

  // A column without a name cannot be sent. False: the table has to be left out.
  bool LeaveOutNameless(DeclaredTable& table) {
    const auto nameless = [](const DeclaredTable::Column& column) { return column.name.empty(); };
    const auto first = std::find_if(table.columns.begin(), table.columns.end(), nameless);
    if (!table.name.empty() && first == table.columns.end()) return true;
    const bool needed = !table.name.empty() && first->key_place > 0 && table.without_rowid;
    if (table.name.empty() || needed || table.columns.size() == 1) {
      nameless_.push_back(table.name);
      return false;
    }
    with_nameless_.push_back(table.name);
    // The rest of its key would distinguish fewer rows.
    if (first->key_place > 0) {
      for (DeclaredTable::Column& column : table.columns) column.key_place = 0;
    }
    table.columns.erase(first);
    return true;
  }

  static bool HasPlainNames(const DeclaredTable& table) {
    return IsUtf8(table.name) &&
           std::all_of(table.columns.begin(), table.columns.end(),
                       [](const DeclaredTable::Column& column) { return IsUtf8(column.name); });
  }

  void AddRowidKey(const DeclaredTable& declared, bool nulls, CatalogTable& table) {
    const std::string name = declared.free_rowid_name();
    if (name.empty()) {
      keyless_.push_back(declared.name);
      return;
    }
    if (nulls) null_keyed_.push_back(declared.name);
    auto& column = *table.add_columns();
    column.set_name(name);
    column.set_type(DataType::LONG);
    column.set_primary_key(true);
  }

  // What the order of the rows depends on.
  std::string OrderOf(Access access) {
    access.root_page = 0;
    access.version.clear();
    return absl::StrCat(connection_.header().text_encoding(), " ", access.Text());
  }

  // Whether the rows are ordered by the destination's key.
  static CatalogTable::Comparison ComparisonOf(const DeclaredTable& declared, const Access& access,
                                               const CatalogTable& table) {
    const auto& columns = table.columns();
    const auto key = std::find_if(columns.begin(), columns.end(),
                                  [](const auto& column) { return column.primary_key(); });
    if (key == columns.end()) return CatalogTable::WHOLE;
    if (access.by == Access::By::kKey) return CatalogTable::RANGES;
    const auto* const rowid = declared.rowid_column();
    const bool is_rowid =
        key->name() == access.rowid || (rowid != nullptr && key->name() == rowid->name);
    return access.by == Access::By::kRowid && is_rowid ? CatalogTable::RANGES : CatalogTable::SET;
  }

  absl::StatusOr<bool> KeyHoldsNull(const DeclaredTable& table) {
    if (table.without_rowid || table.rowid_column() != nullptr) return false;
    std::vector<std::string> looks;
    for (const DeclaredTable::Column& column : table.columns) {
      if (column.key_place == 0 || column.not_null) continue;
      looks.push_back(absl::StrCat("EXISTS(SELECT 1 FROM main.", Quoted(table.name), " WHERE ",
                                   Quoted(column.name), " IS NULL)"));
    }
    if (looks.empty()) return false;
    const auto holds = Ask(absl::StrCat("SELECT ", absl::StrJoin(looks, " OR ")), table.name, 1);
    if (!holds.ok()) return holds.status();
    return holds->front() != "0";
  }

  // A key's column needs one type for all its values; otherwise a destination would choose a type
  // in which two of them may be the same.
  absl::Status SetKeyType(const std::string& table, fivetran_sdk::v2::Column& column) {
    if (column.type() == DataType::JSON) column.set_type(DataType::STRING);
    if (column.type() != DataType::UNSPECIFIED) return absl::OkStatus();
    const std::string from =
        absl::StrCat(Quoted(column.name()), ")) FROM main.", Quoted(table), ")");
    // In SQLite's order numbers come before texts, and blobs come last.
    const auto ends = Ask(
        absl::StrCat("SELECT (SELECT typeof(min(", from, ", (SELECT typeof(max(", from), table, 2);
    if (!ends.ok()) return ends.status();
    const bool same = ends->front() == ends->back();
    column.set_type(same && ends->front() == "integer" ? DataType::LONG
                    : same && ends->front() == "blob"  ? DataType::BINARY
                                                       : DataType::STRING);
    return absl::OkStatus();
  }

  // The values of the single row of `sql`. DATA_LOSS: the table cannot be read.
  absl::StatusOr<std::vector<std::string>> Ask(const std::string& sql, const std::string& table,
                                               int columns) {
    auto statement = connection_.Prepare(sql, table);
    absl::Status status = statement.status();
    if (status.ok()) {
      const int code = sqlite3_step(statement->get());
      if (code == SQLITE_ROW) {
        std::vector<std::string> values;
        for (int at = 0; at < columns; ++at) values.push_back(ColumnText(statement->get(), at));
        return values;
      }
      status = connection_.Error(code, "read table", table);
    }
    return status;
  }

  static std::string Shown(const std::string& name) {
    std::string shown;
    RepairUtf8(name, shown);
    return shown;
  }

  void AddRemarks(const KnownNames& names) {
    const auto add = [this](const std::vector<std::string>& of, absl::string_view kind,
                            absl::string_view what) {
      if (of.empty()) return;
      std::vector<std::string> shown;
      for (const std::string& name : of) shown.push_back(Shown(name));
      catalog_.add_remarks(absl::StrCat(Named(of.size(), kind, std::move(shown)), " ", what));
    };
    add(names.views, "view", "left out: a view has no rows of its own");
    add(names.virtuals, "virtual table", "left out: their content belongs to an extension");
    add(names.shadows, "shadow table",
        "left out: their names mark them as parts of a virtual table, whose content belongs to an "
        "extension; rename a table that is not one, so that it can be sent");
    add(names.reserved, "table", "left out: SQLite keeps names that begin with sqlite_ for itself");
    add(badly_named_, "table",
        "left out: a name in it is not UTF-8; rename it so that it can be sent");
    add(nameless_, "table",
        "left out: a name that it needs is empty; give it one so that it can be sent");
    add(with_nameless_, "table",
        "read without a column whose name is empty, and without a primary key that it is part of; "
        "give it a name so that it can be sent");
    add(damaged_, "table",
        "left out, and its rows in the destination stay: its key cannot be read, because the file "
        "is damaged; check it with PRAGMA integrity_check, and restore it from a backup");
    add(null_keyed_, "table",
        "sent with the rowid as the key: the primary key holds NULL, so it does not identify the "
        "rows; declare its columns NOT NULL to have the key used");
    add(keyless_, "table",
        "sent without a key, since rowid, _rowid_ and oid are columns of it: rows that are equal "
        "in every value become one; rename one of these columns so that the rowid can be the key");
  }

  Connection& connection_;
  Catalog& catalog_;
  BTreeReader trees_;
  // In lower case.
  std::set<std::string> unparsed_;
  std::vector<std::string> badly_named_;
  std::vector<std::string> nameless_;
  std::vector<std::string> with_nameless_;
  std::vector<std::string> damaged_;
  std::vector<std::string> null_keyed_;
  std::vector<std::string> keyless_;
};

}  // namespace

absl::Status ReadCatalog(Connection& connection, Catalog& catalog) {
  return CatalogReader(connection, catalog).Run();
}

}  // namespace tributary::sqlite
