#include "tests/comparing/postgresql_tables.h"

#include <array>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tributary::tests {

const char kPostgresqlTypes[] =
    "CREATE TYPE mood AS ENUM ('sad', 'so so', 'fine', 'glad');"
    "CREATE TYPE place AS (x integer, name text);"
    "CREATE COLLATION german (provider = icu, locale = 'de');"
    "CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    "CREATE DOMAIN code AS text COLLATE \"C\" CHECK (length(VALUE) < 100);"
    "CREATE DOMAIN amount AS numeric CHECK (VALUE > -1000000);"
    // The text that is sent for a key. A text that begins like the literal of a text that is not
    // UTF-8 is itself sent as such a literal.
    "CREATE FUNCTION sent(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN "
    "starts_with(t COLLATE \"C\", 'CAST(x''') THEN 'CAST(x''' || upper(encode(convert_to(t, "
    "'UTF8'), 'hex')) || ''' AS TEXT)' ELSE t END $$";

namespace {

// Enough rows for several slices of a comparison.
constexpr int kManyRows = 80'000;

// Expressions that print a column's value as the destination has it.
constexpr char kAsText[] = "sent($::text)";
// A cast to text would remove the blanks at the end.
constexpr char kInBlanks[] = "sent(concat($, ''))";
constexpr char kAsDouble[] = "$::double precision";
constexpr char kAsJson[] = "to_jsonb($)::text";
constexpr char kAsDay[] = "to_char($, 'YYYY-MM-DD')";
constexpr char kAsTime[] = "rtrim(rtrim(to_char($, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '0'), '.')";
constexpr char kAsUtc[] =
    "rtrim(rtrim(to_char($ AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '0'), '.') || 'Z'";

std::string Small(int number, int) { return absl::StrCat(number % 2 == 0 ? number : -number); }

std::string Integer(int number, int) {
  const int some = number % 50;
  return some == 0   ? absl::StrCat(std::numeric_limits<int>::max() - number)
         : some == 1 ? absl::StrCat(std::numeric_limits<int>::min() + number)
                     : absl::StrCat(number);
}

std::string Bigint(int number, int) {
  const int some = number % 50;
  return some == 0   ? absl::StrCat(std::numeric_limits<std::int64_t>::max() - number)
         : some == 1 ? absl::StrCat(std::numeric_limits<std::int64_t>::min() + 1 + number)
                     : absl::StrCat(std::int64_t{number} * number);
}

std::string Numeric(int number, int spelling) {
  const std::string value = absl::StrCat(number % 3 == 0 ? "-" : "", number / 4, ".",
                                         number % 4 == 0 ? "0" : absl::StrCat(25 * (number % 4)));
  return absl::StrCat(value, std::string(static_cast<std::size_t>(spelling) / 2, '0'));
}

std::string Real(int number, int spelling) {
  if (number == 0) return spelling % 2 == 0 ? "'0'" : "'-0'";
  if (number % 40 == 7) return absl::StrCat("'", number, "e20'");
  return absl::StrCat("'", (number % 3 == 0 ? -number : number) / 8.0, "'");
}

// Upper and lower case letters, and blanks at the end, which some collations and types ignore; some
// texts look like the forms in which other keys are sent.
std::string Text(int number, int spelling) {
  std::string text = number % 13 == 0   ? absl::StrCat("x'", number, "'")
                     : number % 13 == 1 ? absl::StrCat("CAST(x'4D", number, "' AS TEXT)")
                     : number % 13 == 2 ? absl::StrCat("'it's ", number, "'")
                     : number % 13 == 3 ? absl::StrCat("sch\xc3\xb6n ", number)
                     : number % 13 == 4 ? absl::StrCat("scho\xcc\x88n ", number)
                                        : absl::StrCat("Key ", number);
  if (spelling % 2 == 1) text = absl::AsciiStrToUpper(text);
  if (spelling / 2 == 1) text += "  ";
  return QuotedText(text);
}

std::string Hex(int number) {
  return absl::BytesToHexString(absl::StrCat("key", 10000000 + number));
}

std::string Bytes(int number, int) { return absl::StrCat("'\\x", Hex(number), "'"); }
std::string Uuid(int number, int) {
  return absl::StrCat("'", absl::BytesToHexString(std::string(5, '\x7e')), Hex(number), "'");
}
std::string Truth(int number, int) { return number % 2 == 0 ? "true" : "false"; }
std::string Mood(int number, int) {
  constexpr std::array<const char*, 4> kMoods = {"'sad'", "'so so'", "'fine'", "'glad'"};
  return kMoods[static_cast<std::size_t>(number % 4)];
}
std::string Day(int number, int) { return absl::StrCat("DATE '1999-01-01' + ", number); }
std::string Time(int number, int) {
  return absl::StrCat("TIMESTAMP '1999-01-01' + ", number, " * INTERVAL '1.000001 hours'");
}
std::string Moment(int number, int) {
  return absl::StrCat("TIMESTAMPTZ '1999-01-01 00:00:00+02' + ", number,
                      " * INTERVAL '1.000001 hours'");
}
std::string Clock(int number, int) {
  return absl::StrCat("TIME '00:00' + ", number, " * INTERVAL '1 second'");
}
// One day and 24 hours are equal, but are printed differently.
std::string Interval(int number, int spelling) {
  return spelling % 2 == 0 ? absl::StrCat("INTERVAL '", number, " days'")
                           : absl::StrCat("INTERVAL '", 24 * number, " hours'");
}
std::string Address(int number, int) { return absl::StrCat("'10.0.0.0'::inet + ", number); }
std::string Bits(int number, int) { return absl::StrCat(number, "::bit(20)::varbit"); }
// As jsonb, 7 and 7.0 are equal.
std::string Jsonb(int number, int spelling) {
  if (number % 5 == 0) return absl::StrCat("'[", number, "]'");
  return absl::StrCat("'{\"n\": ", number, spelling % 2 == 0 ? "" : ".0", ", \"a\": null}'");
}
std::string Integers(int number, int) { return absl::StrCat("'{", number, ",NULL,2}'"); }
std::string Numerics(int number, int spelling) {
  return absl::StrCat("'{", number, spelling % 2 == 0 ? "" : ".00", "}'");
}
std::string Place(int number, int spelling) {
  return absl::StrCat("ROW(", number % 9, ", ", Text(number, spelling), ")::place");
}
std::string Span(int number, int) { return absl::StrCat("'[", number, ",", number + 3, ")'"); }

}  // namespace

std::vector<RandomTable> PostgresqlTables(bool has_citext) {
  constexpr char kKey[] = ", PRIMARY KEY (k)";
  constexpr char kPair[] = ", PRIMARY KEY (a, k)";
  std::vector<RandomTable> tables = {
      {"smallints", {{"k", "smallint", Small}}, kKey},
      {"integers", {{"k", "integer", Integer}}, kKey},
      {"bigints", {{"k", "bigint", Bigint}}, kKey, "", kManyRows},
      {"numerics", {{"k", "numeric", Numeric}}, kKey},
      {"exact", {{"k", "numeric(12,3)", Numeric}}, kKey},
      {"reals", {{"k", "real", Real, kAsDouble}}, kKey},
      {"doubles", {{"k", "double precision", Real}}, kKey},
      {"plain", {{"k", "text COLLATE \"C\"", Text, kAsText}}, kKey},
      {"usual", {{"k", "text", Text, kAsText}}, kKey},
      {"german_texts", {{"k", "text COLLATE german", Text, kAsText}}, kKey},
      {"folded", {{"k", "text COLLATE folding", Text, kAsText}}, kKey},
      {"varchars", {{"k", "varchar(30)", Text, kAsText}}, kKey},
      {"padded", {{"k", "char(30)", Text, kInBlanks}}, kKey},
      {"unpadded", {{"k", "bpchar", Text, kInBlanks}}, kKey},
      {"names", {{"k", "name", Text, kAsText}}, kKey},
      {"codes", {{"k", "code", Text, kAsText}}, kKey},
      {"amounts", {{"k", "amount", Numeric}}, kKey},
      {"bytes", {{"k", "bytea", Bytes}}, kKey},
      {"uuids", {{"k", "uuid", Uuid}}, kKey},
      {"truths", {{"a", "boolean", Truth, "$::integer"}, {"k", "integer", Integer}}, kPair},
      {"moods", {{"a", "mood", Mood}, {"k", "integer", Integer}}, kPair},
      {"days", {{"k", "date", Day, kAsDay}}, kKey},
      {"times", {{"k", "timestamp", Time, kAsTime}}, kKey},
      {"moments", {{"k", "timestamptz", Moment, kAsUtc}}, kKey},
      {"clocks", {{"k", "time", Clock}}, kKey},
      {"intervals", {{"k", "interval", Interval}}, kKey},
      {"addresses", {{"k", "inet", Address}}, kKey},
      {"bits", {{"k", "bit varying", Bits}}, kKey},
      {"documents", {{"k", "jsonb", Jsonb}}, kKey},
      {"arrays", {{"k", "integer[]", Integers, kAsJson}}, kKey},
      {"exact_arrays", {{"k", "numeric[]", Numerics, kAsJson}}, kKey},
      {"places", {{"k", "place", Place, kAsJson}}, kKey},
      {"spans", {{"k", "int4range", Span, kAsJson}}, kKey},
      {"triples",
       {{"a", "text COLLATE folding NOT NULL", Text, kAsText},
        {"b", "bytea NOT NULL", Bytes},
        {"k", "double precision NOT NULL", Real}},
       "",
       "; CREATE UNIQUE INDEX ON triples (k DESC, a, b DESC)"},
      {"pairs",
       {{"a", "text COLLATE german NOT NULL", Text, kAsText}, {"k", "integer NOT NULL", Integer}},
       "",
       "; CREATE UNIQUE INDEX pairs_key ON pairs (a DESC, k); ALTER TABLE pairs REPLICA IDENTITY "
       "USING INDEX pairs_key",
       kManyRows},
      {"parts",
       {{"k", "integer", Small}},
       kKey,
       " PARTITION BY RANGE (k); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM "
       "(MINVALUE) TO (30); CREATE TABLE parts_2 PARTITION OF parts DEFAULT"},
      {"keyless", {{"k", "text", Text}}},
  };
  if (has_citext) tables.push_back({"foldable", {{"k", "citext", Text, kAsText}}, kKey});
  return tables;
}

const Dialect& PostgresqlDialect() {
  static const Dialect kDialect = {
      "INSERT INTO",
      " ON CONFLICT DO NOTHING",
      "UPDATE",
      "=",
      {"UPDATE $ SET v = v", "VACUUM FULL $", "REINDEX TABLE $", "ANALYZE $"}};
  return kDialect;
}

}  // namespace tributary::tests
