#include "worker/sources/postgresql/row_again.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

// How the table's own index holds keys against each other; with an empty search_path an
// operator of an extension's type is found by its schema only.
std::string OperatorsSql(std::uint32_t table) {
  return absl::StrCat(
      "SELECT a.attname, quote_ident(n.nspname) || '.' || o.oprname FROM pg_index i "
      "CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) WITH ORDINALITY "
      "k(attnum, opclass, place) JOIN pg_attribute a ON a.attrelid = i.indrelid "
      "AND a.attnum = k.attnum JOIN pg_opclass c ON c.oid = k.opclass "
      "JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3 "
      "AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype "
      "JOIN pg_operator o ON o.oid = m.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace "
      "WHERE k.place <= i.indnkeyatts AND (i.indisreplident OR i.indisprimary) AND i.indrelid = ",
      table, " ORDER BY i.indisreplident");
}

// A boolean in binary.
constexpr std::string_view kTrue("\1", 1);

std::string Doing(const LoggedRelation& relation) {
  const FollowedTable& told = relation.table().told;
  return absl::StrCat("read a row of table ", Quoted(told.schema_name(), told.table_name()),
                      " again");
}

}  // namespace

absl::StatusOr<const RowAgain::Statement*> RowAgain::StatementOf(const LoggedRelation& relation) {
  const auto known = statements_.find(relation.oid());
  if (known != statements_.end()) return &known->second;
  const LogTable& table = relation.table();
  const auto rows = session_.Query(OperatorsSql(table.access.oid), Doing(relation));
  if (!rows.ok()) return rows.status();
  std::map<std::string, std::string> operators;
  for (int row = 0; row < rows->size(); ++row) operators[rows->text(row, 0)] = rows->text(row, 1);
  Statement statement;
  const std::string name = Quoted(table.told.schema_name(), table.told.table_name());
  // Always one row: whether the name is still this table's, and whether the row exists.
  statement.sql =
      absl::StrCat("SELECT ", relation.expressions(), ", r.tableoid IS NOT NULL, ", Literal(name),
                   "::regclass::oid = ", table.access.oid, " FROM (SELECT) one LEFT JOIN ",
                   table.access.partitioned() ? "" : "ONLY ", name, " r ON ");
  const auto& keys = table.shape->keys();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string& column = table.told.columns(static_cast<int>(keys[i])).name();
    const auto equals = operators.find(column);
    absl::StrAppend(&statement.sql, i == 0 ? "r." : " AND r.", Quoted(column), " OPERATOR(",
                    equals == operators.end() ? "pg_catalog.=" : equals->second, ") $", i + 1);
    statement.types.push_back(relation.type_of(relation.key_places()[i]));
  }
  return &(statements_[relation.oid()] = std::move(statement));
}

absl::StatusOr<std::optional<RowRead>> RowAgain::Read(const LoggedRelation& relation,
                                                      const std::vector<TupleColumn>& key) {
  const auto statement = StatementOf(relation);
  if (!statement.ok()) return statement.status();
  std::vector<std::string> texts;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  texts.reserve(key.size());
  for (const TupleColumn& part : key) {
    // A text has to end with a NUL.
    texts.emplace_back(part.value);
    values.push_back(texts.back().data());
    lengths.push_back(static_cast<int>(texts.back().size()));
    formats.push_back(part.form == TupleColumn::Form::kBinary ? 1 : 0);
  }
  auto result = session_.QueryRow((*statement)->sql, (*statement)->types, values, lengths, formats,
                                  Doing(relation));
  if (!result.ok()) return result.status();
  RowRead row(*result);
  const std::size_t exists = relation.places().size();
  if (row[exists + 1] != kTrue) {
    return absl::NotFoundError(absl::StrCat(Doing(relation), ": another table has its name now"));
  }
  if (row[exists] != kTrue) return std::nullopt;
  return row;
}

}  // namespace tributary::postgresql
