#include "worker/sources/postgresql/type_lookup.h"

#include <string>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "look up types";

// TypeFacts of types, but for the fields of composites.
std::string FactsSql(const std::string& oids) {
  return absl::StrCat(
      "SELECT t.oid, t.typname, t.typtype, "
      "t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc, "
      "CASE WHEN t.typtype = 'd' THEN t.typbasetype "
      "WHEN t.typtype = 'r' THEN (SELECT rngsubtype FROM pg_range WHERE rngtypid = t.oid) "
      "WHEN t.typtype = 'm' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = t.oid) "
      "WHEN t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc "
      "THEN t.typelem ELSE 0 END, "
      "t.typtypmod, t.typdelim, coalesce(p.proname, ''), "
      "t.oid >= 16384 AND EXISTS (SELECT FROM pg_cast WHERE castsource = t.oid "
      "AND casttarget = 'pg_catalog.json'::pg_catalog.regtype AND castmethod = 'f') "
      "FROM pg_type t LEFT JOIN pg_proc p ON p.oid = t.typsend WHERE t.oid IN (",
      oids, ")");
}

std::string FieldsSql(const std::string& oids) {
  return absl::StrCat(
      "SELECT t.oid, a.attname, a.atttypid FROM pg_type t JOIN pg_attribute a "
      "ON a.attrelid = t.typrelid WHERE t.typtype = 'c' AND t.oid IN (",
      oids, ") AND a.attnum > 0 AND NOT a.attisdropped ORDER BY t.oid, a.attnum");
}

std::uint32_t Oid(const Rows& rows, int row, int column) {
  return static_cast<std::uint32_t>(rows.number(row, column));
}

char Letter(const Rows& rows, int row, int column) {
  const std::string_view text = rows.at(row, column);
  return text.empty() ? '\0' : text.front();
}

}  // namespace

absl::Status TypeLookup::Learn(Session& session, const std::vector<std::uint32_t>& oids) {
  if (!catalog_.has_value()) {
    const auto money = session.Query("SELECT scale(0::money::numeric)", kDoing);
    if (!money.ok()) return money.status();
    catalog_.emplace(static_cast<int>(money->number(0, 0)));
  }
  for (;;) {
    const std::vector<std::uint32_t> missing = catalog_->Missing(oids);
    if (missing.empty()) return absl::OkStatus();
    const absl::Status status = Ask(session, missing);
    if (!status.ok()) return status;
  }
}

absl::Status TypeLookup::Ask(Session& session, const std::vector<std::uint32_t>& oids) {
  const std::string list = absl::StrJoin(oids, ",");
  const auto facts = session.Query(FactsSql(list), kDoing);
  if (!facts.ok()) return facts.status();
  const auto fields = session.Query(FieldsSql(list), kDoing);
  if (!fields.ok()) return fields.status();
  std::unordered_map<std::uint32_t, std::vector<TypeFacts::Field>> fields_of;
  for (int row = 0; row < fields->size(); ++row) {
    fields_of[Oid(*fields, row, 0)].push_back(
        {.name = fields->text(row, 1), .type = Oid(*fields, row, 2)});
  }
  // One that is not there was dropped meanwhile.
  for (const std::uint32_t oid : oids) catalog_->AddGone(oid);
  for (int row = 0; row < facts->size(); ++row) {
    TypeFacts type{.oid = Oid(*facts, row, 0),
                   .name = facts->text(row, 1),
                   .type = Letter(*facts, row, 2),
                   .array = facts->truth(row, 3),
                   .inner = Oid(*facts, row, 4),
                   .typmod = static_cast<std::int32_t>(facts->number(row, 5)),
                   .delimiter = Letter(*facts, row, 6),
                   .send = facts->text(row, 7),
                   .casts_to_json = facts->truth(row, 8),
                   .fields = {}};
    type.fields = std::move(fields_of[type.oid]);
    catalog_->Add(std::move(type));
  }
  return absl::OkStatus();
}

absl::StatusOr<ColumnType> TypeLookup::Column(std::uint32_t oid, std::int32_t typmod) {
  if (!catalog_.has_value()) return absl::NotFoundError("look up types: none was asked for");
  return catalog_->Column(oid, typmod);
}

void TypeLookup::Forget() {
  if (catalog_.has_value()) catalog_->ForgetUserTypes();
}

}  // namespace tributary::postgresql
