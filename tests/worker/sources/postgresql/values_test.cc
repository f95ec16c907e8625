// How values of a real server are sent, including those of keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/worker/sources/postgresql/reading.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {
namespace {

using postgresql_test::Execute;
using postgresql_test::Ids;
using postgresql_test::NewDatabase;
using postgresql_test::Outcome;
using postgresql_test::Reading;
using postgresql_test::Server;
using postgresql_test::TextOf;
using testing::AllOf;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::vector<std::string> Remarks(const Outcome& outcome) {
  std::vector<std::string> remarks;
  for (const ColumnRemark& remark : outcome.marks.back().remarks) {
    remarks.push_back(absl::StrCat(remark.column(), " ", ColumnRemark::What_Name(remark.what()),
                                   " ", remark.values()));
  }
  return remarks;
}

TEST(PostgresqlCopy, ValuesWithoutACounterpartAreNullAndCountedInTheirMark) {
  const NewDatabase database(
      "CREATE TABLE t (id integer PRIMARY KEY, n numeric, d date, at timestamptz);"
      "INSERT INTO t VALUES (1, 'NaN', 'infinity', '-infinity'), (2, 'Infinity', '20000-01-01', "
      "'0044-03-15 BC'), (3, 1.50, '2024-01-01', '2024-01-01 00:00:00+00')");
  Reading reading(database.name());
  const Outcome outcome = reading.Read(reading.Table("t"));
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_EQ(outcome.rows.size(), 3u);
  EXPECT_EQ(TextOf(outcome.rows[0].at("n")), "Null");
  EXPECT_EQ(TextOf(outcome.rows[2].at("n")), "Decimal 1.50");
  EXPECT_THAT(Remarks(outcome),
              UnorderedElementsAre("1 NOT_A_NUMBER 1", "1 INFINITE 1", "2 INFINITE 1",
                                   "2 OUT_OF_RANGE 1", "3 INFINITE 1", "3 OUT_OF_RANGE 1"));
}

TEST(PostgresqlCopy, KeysWithoutACounterpartAreLeftOutAndNeverOneRow) {
  const NewDatabase database(
      "CREATE TABLE n (id numeric PRIMARY KEY, v numeric);"
      "INSERT INTO n VALUES ('NaN', 1), ('Infinity', 2), ('-Infinity', 3), (1.5, 'NaN');"
      "CREATE TABLE d (id date, k int, PRIMARY KEY (id, k));"
      "INSERT INTO d VALUES ('infinity', 1), ('-infinity', 1), ('12000-01-01', 1), "
      "('2024-01-01', 2)");
  Reading reading(database.name());
  const Outcome numbers = reading.Read(reading.Table("n"));
  EXPECT_EQ(numbers.rows.size(), 1u);
  EXPECT_THAT(Remarks(numbers), UnorderedElementsAre("0 NO_KEY 3", "1 NOT_A_NUMBER 1"));
  const Outcome dates = reading.Read(reading.Table("d"));
  EXPECT_EQ(dates.rows.size(), 1u);
  EXPECT_THAT(Remarks(dates), UnorderedElementsAre("0 NO_KEY 3"));
}

TEST(PostgresqlCopy, TextKeysThatAreNotUtf8StayApart) {
  const std::string name = "sql_ascii_keys";
  Execute(absl::StrCat("DROP DATABASE IF EXISTS ", name));
  Execute(absl::StrCat("CREATE DATABASE ", name,
                       " ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"));
  Execute(
      "CREATE TABLE t (id text PRIMARY KEY, v text);"
      "INSERT INTO t VALUES (E'M\xFCller', E'M\xFCller'), (E'M\xF6ller', 'b'), ('plain', 'c'), "
      "('CAST(x''4D'' AS TEXT)', 'd');"
      "CREATE TABLE odd (id integer PRIMARY KEY); CREATE TABLE columns (id integer PRIMARY KEY);"
      "DO $$ BEGIN EXECUTE E'ALTER TABLE odd RENAME TO \"\xFC\"';"
      "EXECUTE E'ALTER TABLE columns ADD \"\xFC\" int'; END $$",
      name);
  {
    Reading reading(name);
    const Outcome outcome = reading.Read(reading.Table("t"));
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_THAT(
        Ids(outcome),
        UnorderedElementsAre("String CAST(x'4DFC6C6C6572' AS TEXT)",
                             "String CAST(x'4DF66C6C6572' AS TEXT)", "String plain",
                             "String CAST(x'43415354287827344427204153205445585429' AS TEXT)"));
    EXPECT_THAT(Remarks(outcome), UnorderedElementsAre("0 KEY_AS_LITERAL 3", "1 REPAIRED_UTF8 1"));
    EXPECT_THAT(reading.Describe().remarks(),
                testing::Contains(AllOf(HasSubstr("not UTF-8"), HasSubstr("\"\uFFFD\""),
                                        HasSubstr("\"columns\""))));
  }
  Execute(absl::StrCat("DROP DATABASE ", name));
}

// A declaration, a value, the kind as which it is sent, and the server's own text.
TEST(PostgresqlCopy, EveryTypeIsSentAsTheServerSaysIt) {
  struct Case {
    const char* type;
    const char* value;
    const char* kind;
    // An SQL expression of the column c; null: c::text.
    const char* expected = nullptr;
  };
  constexpr char kJson[] = "to_jsonb(c)::text";
  constexpr char kMicros[] = "(extract(epoch FROM c) * 1000000)::bigint::text";
  const Case cases[] = {
      {"boolean", "t", "Bool"},
      {"smallint", "-32768", "Short"},
      {"integer", "2147483647", "Int"},
      {"bigint", "-9223372036854775808", "Long"},
      {"oid", "4294967295", "Long"},
      {"real", "1.5", "Float"},
      {"double precision", "-Infinity", "Double", "'-inf'"},
      {"numeric(12,2)", "-12345.6", "Decimal"},
      {"numeric", "123456789012345678901234567890.0000123", "Decimal"},
      {"money", "-1234.5", "Decimal", "c::numeric::text"},
      {"date", "0001-01-01", "Date", kMicros},
      {"timestamp", "9999-12-31 23:59:59.999999", "Naive", kMicros},
      {"timestamptz", "2024-03-10 02:30:00.5+05:30", "Utc", kMicros},
      {"time", "24:00:00", "String"},
      {"timetz", "12:34:56.789-08", "String"},
      {"interval", "1 year -2 mons 3 days -04:05:06.789", "String"},
      {"uuid", "550e8400-e29b-41d4-a716-446655440000", "String"},
      {"inet", "2001:db8::1/64", "String"},
      {"cidr", "10.0.0.0/8", "String"},
      {"macaddr", "08:00:2b:01:02:03", "String"},
      {"bit(5)", "10101", "String"},
      {"tsvector", "a:1 b:2", "String"},
      {"mood", "very, \"happy\"", "String"},
      {"char(5)", "ab", "String", "'ab   '"},
      {"varchar(9)", "ü€😀", "String"},
      {"text", "line\nbreak\t\\ '", "String"},
      {"citext", "MiXed", "String"},
      {"name", "a_name", "String"},
      {"xid", "42", "String"},
      {"pg_lsn", "16/B374D848", "String"},
      {"point", "(1.5,-2)", "String"},
      {"polygon", "((0,0),(1,1),(2,0))", "String"},
      {"bytea", "\\xdeadbeef00", "Binary", "encode(c, 'hex')"},
      {"xml", "<a b=\"c\">d</a>", "Xml"},
      {"json", "{\"a\":  1, \"a\": 2}", "Json"},
      {"jsonb", "{\"b\": [1, null], \"a\": \"x\"}", "Json"},
      {"integer[]", "{{1,2},{3,NULL}}", "Json", kJson},
      {"text[]", "{a,\"b c\",NULL,\"\"}", "Json", kJson},
      {"timestamptz[]", "{2024-01-01 00:00:00+00}", "Json", kJson},
      {"pair", "(1,\"x y\",2.50)", "Json", kJson},
      {"pair[]", "{\"(1,a,)\"}", "Json", kJson},
      {"int4range", "[1,5)", "Json", kJson},
      {"int4multirange", "{[1,3),[5,7)}", "Json", kJson},
      {"hstore", "a=>1, b=>NULL", "Json", kJson},
      {"small", "12.3", "Decimal"},
      {"smaller", "12.30", "Decimal"},
      {"numbers", "{1,2}", "Json", kJson},
      {"ltree", "a.b.c", "String"},
      {"cube", "(1,2),(3,4)", "String"},
      {"aclitem", "postgres=r/postgres", "String"},
      {"aclitem[]", "{postgres=r/postgres}", "Json", kJson},
      {"odd", "7", "String"},
      {"isbn", "978-0-393-04002-9", "String"},
  };
  const NewDatabase database(
      "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;"
      "CREATE EXTENSION cube; CREATE EXTENSION isn;"
      "CREATE TYPE mood AS ENUM ('sad', 'very, \"happy\"');"
      "CREATE TYPE pair AS (a integer, b text, \"Long Name\" numeric);"
      "CREATE DOMAIN small AS numeric(8, 2); CREATE DOMAIN smaller AS small;"
      "CREATE DOMAIN numbers AS integer[];"
      "CREATE TYPE odd;"
      "CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'int4in';"
      "CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS "
      "'int4out';"
      "CREATE FUNCTION odd_send(odd) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS "
      "'int4send';"
      "CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, SEND = odd_send, LIKE = integer)");
  std::vector<std::string> columns = {"id integer PRIMARY KEY"};
  std::vector<std::string> values = {"1"};
  std::vector<std::string> expected;
  for (std::size_t at = 0; at < std::size(cases); ++at) {
    columns.push_back(absl::StrCat("c", at, " ", cases[at].type));
    values.push_back(absl::StrCat(Literal(cases[at].value), "::", cases[at].type));
  }
  database.Run(absl::StrCat("CREATE TABLE t (", absl::StrJoin(columns, ", "),
                            "); INSERT INTO t VALUES (", absl::StrJoin(values, ", "),
                            "); INSERT INTO t VALUES (2)"));
  Reading reading(database.name());
  const Outcome outcome = reading.Read(reading.Table("t"));
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_EQ(outcome.rows.size(), 2u);
  for (std::size_t at = 0; at < std::size(cases); ++at) {
    const std::string column = absl::StrCat("c", at);
    const std::string sql =
        absl::StrCat("SET bytea_output = hex; SET TimeZone = 'UTC'; SELECT ",
                     cases[at].expected == nullptr ? "c::text" : cases[at].expected,
                     " FROM (SELECT ", column, " AS c FROM t WHERE id = 1) one");
    EXPECT_EQ(
        TextOf(outcome.rows[0].at(column)),
        absl::StrCat(
            cases[at].kind, " ",
            std::string(cases[at].type) == "boolean" ? "t" : Server().Ask(sql, database.name())))
        << cases[at].type;
    EXPECT_EQ(TextOf(outcome.rows[1].at(column)), "Null") << cases[at].type;
  }
}

}  // namespace
}  // namespace tributary::postgresql
