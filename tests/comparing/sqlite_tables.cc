#include "tests/comparing/sqlite_tables.h"

#include <limits>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tributary::tests {
namespace {

// Enough rows for several slices of a comparison.
constexpr int kManyRows = 80'000;

std::string Integer(int number, int) {
  // Some numbers are near the limits of a 64-bit integer.
  switch (number % 50) {
    case 0:
      return absl::StrCat(std::numeric_limits<std::int64_t>::max() - number);
    case 1:
      return absl::StrCat(std::numeric_limits<std::int64_t>::min() + 1 + number);
    case 2:
      return absl::StrCat(-number);
    default:
      return absl::StrCat(std::int64_t{number} * number);
  }
}

std::string SmallInteger(int number, int) { return absl::StrCat(number); }

// Upper and lower case letters, and blanks at the end, which some collations ignore; some texts
// look like the forms in which other keys are sent.
std::string Text(int number, int spelling) {
  std::string text = number % 13 == 0   ? absl::StrCat("x'", number, "'")
                     : number % 13 == 1 ? absl::StrCat(number)
                     : number % 13 == 2 ? absl::StrCat("'it's ", number, "'")
                     : number % 13 == 3 ? absl::StrCat("sch\xc3\xb6n ", number)
                                        : absl::StrCat("Key ", number);
  if (spelling % 2 == 1) text = absl::AsciiStrToUpper(text);
  if (spelling / 2 == 1) text += "  ";
  return QuotedText(text);
}

std::string Blob(int number, int) {
  return absl::StrCat("x'", absl::BytesToHexString(std::string("k\0", 2) + std::to_string(number)),
                      "'");
}

std::string Real(int number, int spelling) {
  if (number == 0) return spelling % 2 == 0 ? "0.0" : "-0.0";
  if (number % 40 == 7) return absl::StrCat(number, "e290");
  return absl::StrCat((number % 3 == 0 ? -number : number) / 8.0, spelling % 2 == 0 ? "" : "e0");
}

std::string Decimal(int number, int spelling) {
  return absl::StrCat(number / 4, ".", number % 4 == 0 ? "0" : absl::StrCat(25 * (number % 4)),
                      spelling % 2 == 0 ? "" : "0");
}

std::string Truth(int number, int) { return absl::StrCat(number % 2); }

std::string Day(int number, int) { return absl::StrCat("date('2001-01-01', '", number, " days')"); }

std::string Time(int number, int) {
  return absl::StrCat("datetime('2001-01-01', '", 1000 * number, " seconds')");
}

std::string Json(int number, int spelling) {
  return QuotedText(absl::StrCat("{\"n\":", spelling % 2 == 0 ? "" : " ", number, "}"));
}

// Values of several types in one column; 7 and 7.0 are the same key.
std::string Mixed(int number, int spelling) {
  switch (number % 5) {
    case 0:
      return absl::StrCat(number, spelling % 2 == 0 ? "" : ".0");
    case 1:
      return absl::StrCat(number / 8.0, "e0");
    case 2:
      return Blob(number, spelling);
    case 3:
      return absl::StrCat("CAST(x'", absl::BytesToHexString(absl::StrCat("\xff", number)),
                          "' AS TEXT)");
    default:
      return Text(number, spelling);
  }
}

// In SQLite, a NULL in a key differs from any other NULL.
std::string TextOrNull(int number, int spelling) {
  return number % 10 == 0 ? "NULL" : Text(number, spelling);
}

std::string TextRarelyNull(int number, int spelling) {
  return number == 333 ? "NULL" : Text(number, spelling);
}

}  // namespace

const std::vector<RandomTable>& SqliteTables() {
  constexpr char kKey[] = ", PRIMARY KEY (k)";
  constexpr char kByKey[] = "WITHOUT ROWID";
  static const std::vector<RandomTable> kTables = {
      {"numbered", {{"k", "INTEGER PRIMARY KEY", Integer}}},
      {"counted", {{"k", "INTEGER PRIMARY KEY AUTOINCREMENT", SmallInteger}}, "", "", kManyRows},
      {"descending", {{"k", "INTEGER PRIMARY KEY DESC", Integer}}},
      {"small", {{"k", "SMALLINT", SmallInteger}}, kKey, kByKey},
      {"plain", {{"k", "TEXT", Text}}, kKey, kByKey},
      {"folded", {{"k", "TEXT COLLATE NOCASE", Text}}, kKey, kByKey},
      {"trimmed", {{"k", "TEXT COLLATE RTRIM", Text}}, kKey, kByKey},
      {"text_by_rowid", {{"k", "TEXT", Text}}, kKey},
      {"folded_by_rowid", {{"k", "VARCHAR(20) COLLATE NOCASE", Text}}, kKey},
      {"trimmed_by_rowid", {{"k", "TEXT COLLATE RTRIM", Text}}, kKey},
      {"blobs", {{"k", "BLOB", Blob}}, kKey, kByKey},
      {"reals", {{"k", "REAL", Real}}, kKey, kByKey},
      {"reals_by_rowid", {{"k", "DOUBLE", Real}}, kKey},
      {"decimals", {{"k", "DECIMAL(12,3)", Decimal}}, kKey, kByKey},
      {"days", {{"k", "DATE", Day}}, kKey, kByKey},
      {"times", {{"k", "DATETIME", Time}}, kKey},
      {"documents", {{"k", "JSON", Json}}, kKey},
      {"mixed", {{"k", "", Mixed}}, kKey, kByKey},
      {"mixed_text", {{"k", "TEXT COLLATE NOCASE", Mixed}}, kKey, kByKey},
      {"mixed_by_rowid", {{"k", "", Mixed}}, kKey},
      {"any_strict", {{"k", "ANY", Mixed}}, kKey, "STRICT"},
      {"truths", {{"t", "BOOLEAN", Truth}, {"k", "INT", SmallInteger}}, ", PRIMARY KEY (t, k)"},
      {"pairs",
       {{"a", "TEXT COLLATE NOCASE", Text}, {"k", "INTEGER", Integer}},
       ", PRIMARY KEY (a, k DESC)",
       kByKey,
       kManyRows},
      {"triples",
       {{"a", "TEXT COLLATE RTRIM", Text}, {"b", "BLOB", Blob}, {"k", "REAL", Real}},
       ", PRIMARY KEY (k, a DESC, b)",
       kByKey},
      {"with_nulls", {{"k", "TEXT", TextOrNull}}, kKey, "", 200, /*key_may_change=*/true},
      {"nulls_come", {{"k", "TEXT", TextRarelyNull}}, kKey, "", 200, /*key_may_change=*/true},
      {"unique_only", {{"k", "TEXT", TextOrNull}}, ", UNIQUE (k)"},
      {"keyless", {{"k", "TEXT", Text}}},
      // Equal rows would be one row in the destination.
      {"bare",
       {{"rowid", "TEXT", Text}, {"_rowid_", "TEXT", Text}, {"oid", "INT", SmallInteger}},
       ", UNIQUE (rowid, _rowid_, oid)"},
  };
  return kTables;
}

const Dialect& SqliteDialect() {
  static const Dialect kDialect = {
      "INSERT OR IGNORE INTO",
      "",
      "UPDATE OR IGNORE",
      "IS",
      {"UPDATE $ SET v = v", "VACUUM", "ANALYZE $", "PRAGMA wal_checkpoint(TRUNCATE)", "REINDEX $"},
      {"PRAGMA journal_mode = WAL", "PRAGMA journal_mode = DELETE"}};
  return kDialect;
}

}  // namespace tributary::tests
