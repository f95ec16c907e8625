// The comparison finds each kind of difference, and no others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/sync_tester/comparison.h"
#include "tests/sync_tester/expected_value.h"
#include "tests/sync_tester/fake_connector.h"
#include "tests/sync_tester/text_encoding.h"
#include "tests/sync_tester/warehouse.h"

namespace tributary::tester {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ComparisonTest : public ::testing::Test {
 protected:
  ComparisonTest()
      : warehouse_path_(::testing::TempDir() + "/compare_warehouse.db"),
        source_path_(::testing::TempDir() + "/compare_source.db") {
    for (const std::string& path : {warehouse_path_, source_path_}) {
      for (const char* const suffix : {"", "-wal", "-shm", "-journal"}) {
        std::filesystem::remove(path + suffix);
      }
    }
    Source("CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT)");
  }

  void Source(const std::string& sql) {
    absl::StatusOr<SqliteFile> file = SqliteFile::Open(source_path_, SqliteFile::Mode::kCreate);
    const absl::Status ran = file->Execute(sql);
    ASSERT_TRUE(ran.ok()) << ran;
  }

  // Writes these records as a sync of these tables would.
  void Sync(std::initializer_list<v2::Table> tables, std::initializer_list<v2::Record> records) {
    Catalog catalog{SelectionRules()};
    ASSERT_TRUE(catalog.Merge(MainSchema(tables)).ok());
    StreamContract contract(catalog, false);
    ASSERT_TRUE(contract.Check(CheckpointMessage(R"({"v":1})"), 1).ok());
    const v2::UpdateResponse message = Batch(records);
    const absl::Status checked = contract.Check(message, 1);
    ASSERT_TRUE(checked.ok()) << checked;
    std::unique_ptr<Warehouse> warehouse = *Warehouse::Open(warehouse_path_);
    for (const Row& row : contract.rows()) ASSERT_TRUE(warehouse->Apply(row).ok());
    ASSERT_TRUE(warehouse->Commit().ok());
  }

  void SyncPeople(std::initializer_list<v2::Record> records) {
    Sync({MakeTable("people", {{"id!", v2::LONG}, {"name", v2::STRING}})}, records);
  }

  static v2::Record Person(std::int64_t id, const std::string& name) {
    return MakeRecord(v2::UPSERT, "people", {{"id", Long(id)}, {"name", Text(name)}});
  }

  std::vector<TableComparison> Compare(const SelectionRules& selection = {}) {
    const auto tables = CompareFiles(warehouse_path_, source_path_, "main", selection);
    EXPECT_TRUE(tables.ok()) << tables.status();
    return tables.ok() ? *tables : std::vector<TableComparison>();
  }

  // The comparison of the database's only table.
  TableComparison CompareOne() {
    const std::vector<TableComparison> tables = Compare();
    EXPECT_EQ(tables.size(), 1u);
    return tables.empty() ? TableComparison() : tables[0];
  }

  const std::string warehouse_path_;
  const std::string source_path_;
};

TEST_F(ComparisonTest, SameRowsAgree) {
  Source("INSERT INTO people VALUES(1, 'a'), (2, NULL)");
  SyncPeople({Person(1, "a"), MakeRecord(v2::UPSERT, "people", {{"id", Long(2)}, {"name", Null()}}),
              Person(3, "gone"), MakeRecord(v2::DELETE, "people", {{"id", Long(3)}})});
  const TableComparison people = CompareOne();
  EXPECT_TRUE(people.equal());
  EXPECT_EQ(people.source_rows, 2u);
  EXPECT_EQ(people.warehouse_rows, 2u);
}

TEST_F(ComparisonTest, MissingDifferentAndSurplusRowsAreEachFoundAndNamed) {
  Source("INSERT INTO people VALUES(1, 'a'), (2, 'b'), (3, 'c')");
  SyncPeople({Person(1, "a"), Person(2, "B"), Person(4, "d")});
  const TableComparison people = CompareOne();
  EXPECT_EQ(people.missing, 1u);
  EXPECT_EQ(people.different, 1u);
  EXPECT_EQ(people.surplus, 1u);
  EXPECT_THAT(people.examples, ElementsAre("missing in the warehouse: id=3",
                                           "different: id=2; name is 'B' and should be 'b'",
                                           "not in the source: id=4"));
}

TEST_F(ComparisonTest, NullAndEmptyAndZeroAreToldApart) {
  Source("INSERT INTO people VALUES(1, NULL), (2, '')");
  SyncPeople(
      {Person(1, ""), MakeRecord(v2::UPSERT, "people", {{"id", Long(2)}, {"name", Null()}})});
  EXPECT_EQ(CompareOne().different, 2u);
}

TEST_F(ComparisonTest, NoMoreThanTenRowsAreShownAndAllAreCounted) {
  Source(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) "
      "INSERT INTO people SELECT i, 'x' FROM n");
  SyncPeople({Person(1, "x")});
  const TableComparison people = CompareOne();
  EXPECT_EQ(people.missing, 29u);
  EXPECT_EQ(people.examples.size(), 10u);
}

TEST_F(ComparisonTest, TableAndColumnThatTheWarehouseLacksAreFaults) {
  SyncPeople({Person(1, "a")});
  Source(
      "INSERT INTO people VALUES(1, 'a'); ALTER TABLE people ADD COLUMN age INTEGER;"
      "CREATE TABLE more(a); CREATE VIEW v AS SELECT 1");
  const std::vector<TableComparison> tables = Compare();
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_THAT(tables[0].faults, ElementsAre("the warehouse does not have it"));
  EXPECT_THAT(tables[1].faults, ElementsAre("column age is not in the warehouse"));
}

TEST_F(ComparisonTest, DeselectedTableAndColumnAreNoFaults) {
  SyncPeople({Person(1, "a")});
  Source("INSERT INTO people VALUES(1, 'b'); CREATE TABLE more(a)");
  v2::Selection selection;
  v2::SchemaSelection* main = selection.mutable_with_schema()->add_schemas();
  main->set_schema_name("main");
  main->set_included(true);
  v2::TableSelection* people = main->add_tables();
  people->set_table_name("people");
  people->set_included(true);
  const std::vector<TableComparison> tables = Compare(SelectionRules(selection));
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_TRUE(tables[0].equal());
}

TEST_F(ComparisonTest, TableThatTheSourceDroppedStaysInTheWarehouse) {
  SyncPeople({Person(1, "a")});
  Source("DROP TABLE people");
  const TableComparison people = CompareOne();
  EXPECT_TRUE(people.gone_from_source);
  EXPECT_TRUE(people.equal());
}

TEST_F(ComparisonTest, EqualRowsOfATableThatHasNoKeyInTheWarehouseAreCounted) {
  Source(
      "DROP TABLE people; CREATE TABLE log(a INTEGER, b TEXT);"
      "INSERT INTO log VALUES(1, 'x'), (1, 'x'), (2, NULL), (3, 'z'), (3, 'z')");
  const auto line = [](std::int64_t a, const v2::ValueType& b) {
    return MakeRecord(v2::UPSERT, "log", {{"a", Long(a)}, {"b", b}});
  };
  Sync({MakeTable("log", {{"a", v2::LONG}, {"b", v2::STRING}})},
       {line(1, Text("x")), line(1, Text("x")), line(2, Null()), line(4, Null())});
  const TableComparison log = CompareOne();
  EXPECT_EQ(log.missing, 3u);
  EXPECT_EQ(log.surplus, 1u);
  EXPECT_EQ(log.source_rows, 5u);
  EXPECT_EQ(log.warehouse_rows, 3u);
  EXPECT_THAT(
      log.examples,
      ElementsAre("more often in the source than in the warehouse: a=1, b='x'",
                  "missing in the warehouse: a=3, b='z'", "missing in the warehouse: a=3, b='z'",
                  "not in the source: a=4, b=NULL"));
}

TEST_F(ComparisonTest, TheRowidIsTheKeyOfATableWithoutOne) {
  Source(
      "DROP TABLE people; CREATE TABLE log(a INTEGER, RowId TEXT);"
      "INSERT INTO log VALUES(1, 'x'), (1, 'x'), (2, NULL)");
  const auto line = [](std::int64_t rowid, std::int64_t a, const v2::ValueType& b) {
    return MakeRecord(v2::UPSERT, "log", {{"_rowid_", Long(rowid)}, {"a", Long(a)}, {"RowId", b}});
  };
  const v2::Table log =
      MakeTable("log", {{"_rowid_!", v2::LONG}, {"a", v2::LONG}, {"RowId", v2::STRING}});
  Sync({log}, {line(1, 1, Text("x")), line(2, 1, Text("x")), line(3, 2, Null())});
  EXPECT_TRUE(CompareOne().equal());
  Sync({log}, {line(2, 7, Text("x"))});
  EXPECT_THAT(CompareOne().examples, ElementsAre("different: _rowid_=2; a is 7 and should be 1"));
}

TEST_F(ComparisonTest, KeysThatBecameOneInTheWarehouseAreMissing) {
  Source(
      "DROP TABLE people; CREATE TABLE t(name TEXT PRIMARY KEY, v INTEGER);"
      "INSERT INTO t VALUES(CAST(x'4DFC' AS TEXT), 1), (CAST(x'4DF6' AS TEXT), 2)");
  const v2::Table t = MakeTable("t", {{"name!", v2::STRING}, {"v", v2::LONG}});
  const auto row = [](const char* name, std::int64_t v) {
    return MakeRecord(v2::UPSERT, "t", {{"name", Text(name)}, {"v", Long(v)}});
  };
  Sync({t}, {row("M\xef\xbf\xbd", 1), row("M\xef\xbf\xbd", 2)});
  EXPECT_EQ(CompareOne().missing, 2u);
  EXPECT_EQ(CompareOne().surplus, 1u);
  Sync({t}, {MakeRecord(v2::DELETE, "t", {{"name", Text("M\xef\xbf\xbd")}}),
             row("CAST(x'4DFC' AS TEXT)", 1), row("CAST(x'4DF6' AS TEXT)", 2)});
  EXPECT_TRUE(CompareOne().equal());
}

TEST_F(ComparisonTest, KeysAreExpectedAsTheyAreOrAsLiterals) {
  Source(
      "DROP TABLE people; CREATE TABLE t(k BLOB PRIMARY KEY);"
      "INSERT INTO t VALUES(12), ('12'), (x'31'), ('x''31'''), (1.5), ('it''s'), ('''q''')");
  const auto row = [](const char* k) { return MakeRecord(v2::UPSERT, "t", {{"k", Text(k)}}); };
  Sync({MakeTable("t", {{"k!", v2::STRING}})},
       {row("12"), row("'12'"), row("x'31'"), row("'x''31'''"), row("1.5"), row("it's"),
        row("'''q'''")});
  const TableComparison compared = CompareOne();
  EXPECT_TRUE(compared.equal()) << ::testing::PrintToString(compared.examples);
}

TEST_F(ComparisonTest, ValuesAreExpectedInTheFormOfTheirType) {
  Source(
      "DROP TABLE people;"
      "CREATE TABLE kinds(id INTEGER PRIMARY KEY, flag BOOLEAN, price DECIMAL(10,2), day DATE,"
      "  at DATETIME, ratio REAL, raw BLOB, any_kind, wide INTEGER, made TEXT AS ('m' || id));"
      "INSERT INTO kinds VALUES"
      "  (1, 1, 12.5, '2024-01-31', '2024-01-31 10:00:00.500', 3, x'00ff', x'01', 7.5),"
      "  (2, 0, '007', NULL, '2024-01-31T10:00', 9e999, x'', 'text', x'0aff'),"
      "  (3, NULL, -0.0, '0001-01-01', NULL, -0.25, NULL, 5, 'text')");
  const v2::Table kinds = MakeTable("kinds", {{"id!", v2::LONG},
                                              {"flag", v2::BOOLEAN},
                                              {"price", v2::DECIMAL},
                                              {"day", v2::NAIVE_DATE},
                                              {"at", v2::NAIVE_DATETIME},
                                              {"ratio", v2::DOUBLE},
                                              {"raw", v2::BINARY},
                                              {"any_kind", v2::UNSPECIFIED},
                                              {"wide", v2::STRING},
                                              {"made", v2::STRING}});
  const auto flag = [](bool b) {
    v2::ValueType v;
    v.set_bool_(b);
    return v;
  };
  const auto price = [](const char* d) {
    v2::ValueType v;
    v.set_decimal(d);
    return v;
  };
  const auto day = [](std::int64_t s) {
    v2::ValueType v;
    v.mutable_naive_date()->set_seconds(s);
    return v;
  };
  const auto at = [](std::int64_t s, std::int32_t n) {
    v2::ValueType v;
    v.mutable_naive_datetime()->set_seconds(s);
    v.mutable_naive_datetime()->set_nanos(n);
    return v;
  };
  const auto ratio = [](double d) {
    v2::ValueType v;
    v.set_double_(d);
    return v;
  };
  const auto raw = [](const std::string& b) {
    v2::ValueType v;
    v.set_binary(b);
    return v;
  };
  Sync({kinds}, {MakeRecord(v2::UPSERT, "kinds",
                            {{"id", Long(1)},
                             {"flag", flag(true)},
                             {"price", price("12.50")},
                             {"day", day(1706659200)},
                             {"at", at(1706695200, 500000000)},
                             {"ratio", ratio(3)},
                             {"raw", raw(std::string("\0\xff", 2))},
                             {"any_kind", raw("\x01")},
                             {"wide", Text("7.5")},
                             {"made", Text("m1")}}),
                 MakeRecord(v2::UPSERT, "kinds",
                            {{"id", Long(2)},
                             {"flag", flag(false)},
                             {"price", price("7")},
                             {"day", Null()},
                             {"at", at(1706695200, 0)},
                             {"ratio", ratio(std::numeric_limits<double>::infinity())},
                             {"raw", raw("")},
                             {"any_kind", Text("text")},
                             {"wide", Text("x'0AFF'")},
                             {"made", Text("m2")}}),
                 MakeRecord(v2::UPSERT, "kinds",
                            {{"id", Long(3)},
                             {"flag", Null()},
                             {"price", price("0.00")},
                             {"day", day(-62135596800)},
                             {"at", Null()},
                             {"ratio", ratio(-0.25)},
                             {"raw", Null()},
                             {"any_kind", Long(5)},
                             {"wide", Text("text")},
                             {"made", Text("m3")}})});
  const TableComparison compared = CompareOne();
  EXPECT_TRUE(compared.equal()) << ::testing::PrintToString(compared.examples)
                                << ::testing::PrintToString(compared.faults);
}

TEST_F(ComparisonTest, NumberInAJsonColumnIsItsText) {
  Source(
      "DROP TABLE people; CREATE TABLE t(id INTEGER PRIMARY KEY, doc JSON);"
      "INSERT INTO t VALUES(1, '{\"a\": 1}'), (2, 17), (3, 0.5)");
  const auto document = [](std::int64_t id, const char* text) {
    v2::ValueType json;
    json.set_json(text);
    return MakeRecord(v2::UPSERT, "t", {{"id", Long(id)}, {"doc", json}});
  };
  Sync({MakeTable("t", {{"id!", v2::LONG}, {"doc", v2::JSON}})},
       {document(1, "{\"a\": 1}"), document(2, "17"), document(3, "0.5")});
  EXPECT_TRUE(CompareOne().equal());
}

TEST_F(ComparisonTest, TruthsInWordsAndTimesInOtherZonesAreWhatTheySay) {
  Source(
      "DROP TABLE people; CREATE TABLE t(id INTEGER PRIMARY KEY, flag BOOLEAN, at TIMESTAMPTZ);"
      "INSERT INTO t VALUES(1, 'true', '1970-01-01 02:00:00+02:00'), (2, 'F', NULL), "
      "(3, 'yes', '1970-01-01 00:00')");
  const auto row = [](std::int64_t id, bool truth) {
    v2::ValueType flag;
    flag.set_bool_(truth);
    v2::ValueType at;
    at.mutable_utc_datetime()->set_seconds(0);
    return MakeRecord(v2::UPSERT, "t",
                      {{"id", Long(id)}, {"flag", flag}, {"at", id == 2 ? Null() : at}});
  };
  Sync({MakeTable("t", {{"id!", v2::LONG}, {"flag", v2::BOOLEAN}, {"at", v2::UTC_DATETIME}})},
       {row(1, true), row(2, false), row(3, true)});
  EXPECT_EQ(CompareOne().different, 1u) << "neither 'yes' nor a time without a zone fits";
}

TEST_F(ComparisonTest, ValueThatDoesNotFitItsTypeIsADifference) {
  Source(
      "DROP TABLE people; CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER);"
      "INSERT INTO t VALUES(1, 'not a number')");
  Sync({MakeTable("t", {{"id!", v2::LONG}, {"n", v2::LONG}})},
       {MakeRecord(v2::UPSERT, "t", {{"id", Long(1)}, {"n", Null()}})});
  const TableComparison compared = CompareOne();
  EXPECT_EQ(compared.different, 1u);
  EXPECT_THAT(compared.examples[0], HasSubstr("n is NULL"));
}

TEST_F(ComparisonTest, WideTableIsComparedAcrossItsParts) {
  std::string columns = "id INTEGER PRIMARY KEY";
  std::string values = "1";
  v2::Table wide = MakeTable("wide", {{"id!", v2::LONG}});
  v2::Record record = MakeRecord(v2::UPSERT, "wide", {{"id", Long(1)}});
  for (int i = 1; i < 2000; ++i) {
    absl::StrAppend(&columns, ", c", i, " INTEGER");
    absl::StrAppend(&values, ", ", i);
    v2::Column* column = wide.add_columns();
    column->set_name(absl::StrCat("c", i));
    column->set_type(v2::LONG);
    (*record.mutable_data())[column->name()] = Long(i == 1950 ? -1 : i);
  }
  Source(absl::StrCat("DROP TABLE people; CREATE TABLE wide(", columns,
                      "); INSERT INTO wide VALUES(", values, ")"));
  Sync({wide}, {record});
  EXPECT_THAT(CompareOne().examples,
              ElementsAre("different: id=1; c1950 is -1 and should be 1950"));
}

TEST(ExpectedValueTest, EachMaximalPartThatIsNotUtf8IsReplacedOnce) {
  EXPECT_EQ(WithValidUtf8("a\xc3\xa9z"), "a\xc3\xa9z");
  EXPECT_EQ(WithValidUtf8("\xff\xfe"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(WithValidUtf8("\xe6\x97"
                          "a"),
            "\xef\xbf\xbd"
            "a");
  EXPECT_EQ(WithValidUtf8("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(WithValidUtf8("\xf0\x9f\x9a"), "\xef\xbf\xbd");
  EXPECT_EQ(WithValidUtf8("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(ExpectedValueTest, HalfAPairOfUtf16AndALastOddByteAreReplaced) {
  const auto decoded = [](const std::string& stored, TextEncoding encoding) {
    const DecodedText text = Decoded(stored, encoding);
    return absl::StrCat(text.is_unicode ? "" : "not ", std::string(text.utf8()));
  };
  const auto little = TextEncoding::kUtf16LittleEndian;
  EXPECT_EQ(decoded(std::string("\x3d\xd8\x9a\xde", 4), little), "\xf0\x9f\x9a\x9a");
  EXPECT_EQ(decoded(std::string("\xd8\x3d\xde\x9a", 4), TextEncoding::kUtf16BigEndian),
            "\xf0\x9f\x9a\x9a");
  EXPECT_EQ(decoded(std::string("\x3d\xd8\x41\x00", 4), little), "not \xef\xbf\xbd\x41");
  EXPECT_EQ(decoded(std::string("\x9a\xde", 2), little), "not \xef\xbf\xbd");
  EXPECT_EQ(decoded(std::string("\x41\x00\x42", 3), little), "not A\xef\xbf\xbd");
}

TEST(ExpectedValueTest, DecimalsAndTimesAreBroughtToOneForm) {
  EXPECT_EQ(NormalDecimal("-012.500"), "-12.5");
  EXPECT_EQ(NormalDecimal("-0.0"), "0");
  EXPECT_EQ(NormalDecimal("+.5"), "0.5");
  EXPECT_EQ(NormalDecimal("5."), "5");
  EXPECT_EQ(NormalDecimal("1e5"), "");
  EXPECT_EQ(NormalDecimal("."), "");
  EXPECT_EQ(NormalDatetime("2024-01-31 10:00"), "2024-01-31T10:00:00");
  EXPECT_EQ(NormalDatetime("2024-01-31T10:00:00.120"), "2024-01-31T10:00:00.12");
  EXPECT_EQ(NormalDatetime("2024-01-31T10:00:00.000"), "2024-01-31T10:00:00");
  EXPECT_EQ(NormalDatetime("2024-13-31T10:00:00"), "");
  EXPECT_EQ(NormalDatetime("tomorrow"), "");
  EXPECT_EQ(NormalDatetime("2024-01-31"), "2024-01-31T00:00:00");
  EXPECT_EQ(NormalDatetime("2024-01-31 10:00Z"), "");
  EXPECT_EQ(NormalDate("2024-01-31"), "2024-01-31");
  EXPECT_EQ(NormalDate("2024-01-31 00:00"), "2024-01-31");
  EXPECT_EQ(NormalDate("2024-01-31T00:00:00.000Z"), "2024-01-31");
  EXPECT_EQ(NormalDate("2024-01-31 00:00:00+02:00"), "");
  EXPECT_EQ(NormalDate("2024-01-31 00:00:01"), "");
  EXPECT_EQ(NormalDate("2024-01-31 00:00:00.5"), "");
  EXPECT_EQ(NormalDate("soon"), "");
  EXPECT_EQ(NormalUtcDatetime("2024-01-31 10:00Z"), "2024-01-31T10:00:00Z");
  EXPECT_EQ(NormalUtcDatetime("2024-01-31T10:00:00.250+02:00"), "2024-01-31T08:00:00.25Z");
  EXPECT_EQ(NormalUtcDatetime("2024-01-31 23:00:00 -0530"), "2024-02-01T04:30:00Z");
  EXPECT_EQ(NormalUtcDatetime("2024-01-31 10:00:00.5 +0200 CEST"), "2024-01-31T08:00:00.5Z");
  EXPECT_EQ(NormalUtcDatetime("2024-01-31 10:00 UTC"), "2024-01-31T10:00:00Z");
  EXPECT_EQ(NormalUtcDatetime("2024-01-31 10:00:00"), "");
  EXPECT_EQ(NormalUtcDatetime("2024-01-31"), "");
  EXPECT_EQ(NormalUtcDatetime("2024-01-31 10:00 soon"), "");
}

}  // namespace
}  // namespace tributary::tester
