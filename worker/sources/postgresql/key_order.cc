#include "worker/sources/postgresql/key_order.h"

#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

// From this version on a database knows the version of its own collation.
constexpr int kDatabaseVersion = 150000;

// Types whose order depends on no setting, and whose text reads back as the same value: bool,
// bytea, name, integers, text, oid, floats, network addresses, char(n), varchar, dates and times,
// bits, numeric, uuid, pg_lsn.
constexpr char kOrdered[] =
    "'{16,17,19,20,21,23,25,26,650,700,701,774,829,869,1042,1043,1082,1083,1114,1184,1186,1266,"
    "1560,1562,1700,2950,3220}'::oid[]";

// The version of the default collation. Before PostgreSQL 15 only the provider's version can be
// queried, which all collations of the C library share.
std::string DefaultVersionSql(int server_version) {
  if (server_version >= kDatabaseVersion) {
    return "(SELECT concat_ws(' ', d.datcollversion, pg_database_collation_actual_version(d.oid)) "
           "FROM pg_database d WHERE d.datname = current_database())";
  }
  return "(SELECT max(pg_collation_actual_version(l.oid)) FROM pg_collation l "
         "WHERE l.collprovider = 'c' AND l.collname = (SELECT min(m.collname) FROM pg_collation m "
         "WHERE m.collprovider = 'c' AND m.collname NOT IN ('C', 'POSIX', 'ucs_basic')))";
}

}  // namespace

std::string KeyOrderSql(int server_version, const std::string& table, const std::string& numbers) {
  return absl::StrCat(
      "(SELECT CASE WHEN bool_and(t.typtype = 'e' OR coalesce(nullif(t.typbasetype, 0), t.oid) = "
      "ANY (",
      kOrdered,
      ")) THEN left(md5(string_agg(concat_ws(' ', a.attnum, a.atttypid, a.attcollation, "
      "CASE WHEN l.collprovider = 'd' THEN ",
      DefaultVersionSql(server_version),
      " ELSE concat_ws(' ', l.collversion, pg_collation_actual_version(l.oid)) END, "
      "(SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e "
      "WHERE e.enumtypid = a.atttypid)), ';' ORDER BY p.place)), 16) END "
      "FROM unnest(",
      numbers, ") WITH ORDINALITY p(number, place) JOIN pg_attribute a ON a.attrelid = ", table,
      " AND a.attnum = p.number JOIN pg_type t ON t.oid = a.atttypid "
      "LEFT JOIN pg_collation l ON l.oid = a.attcollation)");
}

}  // namespace tributary::postgresql
