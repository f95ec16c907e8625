// How the warehouse applies rows: with Fivetran's semantics, also across runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/sync_tester/fake_connector.h"
#include "tests/sync_tester/stored_value.h"
#include "tests/sync_tester/warehouse.h"

namespace tributary::tester {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class WarehouseTest : public ::testing::Test {
 protected:
  WarehouseTest() : path_(::testing::TempDir() + "/warehouse_test.db") {
    for (const char* const suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(path_ + suffix);
    }
    Reopen();
  }

  // Opens the file as a new process would, with a new catalog.
  void Reopen() {
    warehouse_.reset();
    contract_.reset();
    catalog_.emplace(SelectionRules());
    absl::StatusOr<std::unique_ptr<Warehouse>> opened = Warehouse::Open(path_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    warehouse_ = *std::move(opened);
    contract_.emplace(*catalog_, false);
    Send(CheckpointMessage(R"({"v":1})"));
  }

  void Schema(std::initializer_list<v2::Table> tables) {
    ASSERT_TRUE(catalog_->Merge(MainSchema(tables)).ok());
  }

  void Send(const v2::UpdateResponse& message) {
    const absl::Status checked = contract_->Check(message, message.ByteSizeLong());
    ASSERT_TRUE(checked.ok()) << checked;
    for (const Row& row : contract_->rows()) {
      const absl::Status applied = warehouse_->Apply(row);
      ASSERT_TRUE(applied.ok()) << applied;
    }
  }

  void Commit() { ASSERT_TRUE(warehouse_->Commit().ok()); }

  // The columns of each row, joined by |, with NULL for null.
  std::vector<std::string> Query(const std::string& sql) {
    absl::StatusOr<SqliteFile> file = SqliteFile::Open(path_, SqliteFile::Mode::kReadOnly);
    EXPECT_TRUE(file.ok());
    absl::StatusOr<Statement> rows = file->Prepare(sql);
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::vector<std::string> found;
    while (rows.ok() && *rows->Step()) {
      std::string line;
      for (int i = 0; i < sqlite3_column_count(rows->get()); ++i) {
        const bool null = sqlite3_column_type(rows->get(), i) == SQLITE_NULL;
        absl::StrAppend(&line, i == 0 ? "" : "|", null ? "NULL" : rows->Text(i));
      }
      found.push_back(line);
    }
    return found;
  }

  std::vector<std::string> People() {
    return Query("SELECT id, name, _fivetran_deleted FROM \"main.people\" ORDER BY id");
  }

  v2::Record Person(v2::RecordType type, std::int64_t id, const std::string& name) {
    return MakeRecord(type, "people", {{"id", Long(id)}, {"name", Text(name)}});
  }

  const std::string path_;
  std::optional<Catalog> catalog_;
  std::optional<StreamContract> contract_;
  std::unique_ptr<Warehouse> warehouse_;
};

class KeyedWarehouseTest : public WarehouseTest {
 protected:
  KeyedWarehouseTest() {
    Schema({MakeTable("people", {{"id!", v2::LONG}, {"name", v2::STRING}})});
    Send(Batch({Person(v2::UPSERT, 1, "a"), Person(v2::UPSERT, 2, "b")}));
  }
};

TEST_F(KeyedWarehouseTest, UpsertReplacesTheRowWithThatKey) {
  Send(Batch({Person(v2::UPSERT, 1, "A"), Person(v2::UPSERT, 3, "c")}));
  Commit();
  EXPECT_THAT(People(), ElementsAre("1|A|0", "2|b|0", "3|c|0"));
}

TEST_F(KeyedWarehouseTest, UpdateChangesTheRowThatExistsAndNoOther) {
  Send(Batch({Person(v2::UPDATE, 2, "B"), Person(v2::UPDATE, 9, "z")}));
  Commit();
  EXPECT_THAT(People(), ElementsAre("1|a|0", "2|B|0"));
}

TEST_F(KeyedWarehouseTest, UpdateLeavesColumnsThatItDoesNotCarry) {
  Send(Batch({MakeRecord(v2::UPDATE, "people", {{"id", Long(1)}}),
              MakeRecord(v2::UPDATE, "people", {{"id", Long(2)}, {"name", Null()}})}));
  Commit();
  EXPECT_THAT(People(), ElementsAre("1|a|0", "2|NULL|0"));
}

TEST_F(KeyedWarehouseTest, DeletedRowStaysMarkedUntilAnUpsertRevivesIt) {
  Send(Batch({MakeRecord(v2::DELETE, "people", {{"id", Long(1)}}),
              MakeRecord(v2::DELETE, "people", {{"id", Long(8)}})}));
  Commit();
  EXPECT_THAT(People(), ElementsAre("1|a|1", "2|b|0"));
  Send(Batch({Person(v2::UPSERT, 1, "again")}));
  Commit();
  EXPECT_THAT(People(), ElementsAre("1|again|0", "2|b|0"));
}

TEST_F(KeyedWarehouseTest, TruncateMarksWhatCameBeforeItAndNothingAfter) {
  Send(Batch({MakeRecord(v2::TRUNCATE, "people", {}), Person(v2::UPSERT, 2, "b2")}));
  Commit();
  EXPECT_THAT(People(), ElementsAre("1|a|1", "2|b2|0"));
}

TEST_F(KeyedWarehouseTest, RolledBackRowsAreGoneAndLaterOnesStand) {
  Commit();
  Send(Batch({Person(v2::UPSERT, 3, "c")}));
  ASSERT_TRUE(warehouse_->Rollback().ok());
  EXPECT_THAT(People(), ElementsAre("1|a|0", "2|b|0"));
  Send(Batch({Person(v2::UPSERT, 4, "d")}));
  Commit();
  EXPECT_THAT(People(), ElementsAre("1|a|0", "2|b|0", "4|d|0"));
}

TEST_F(KeyedWarehouseTest, RolledBackTableIsMadeAgain) {
  ASSERT_TRUE(warehouse_->Rollback().ok());
  EXPECT_THAT(Query("SELECT name FROM sqlite_schema WHERE name LIKE 'main.%'"), IsEmpty());
  Send(Batch({Person(v2::UPSERT, 4, "d")}));
  Commit();
  EXPECT_THAT(People(), ElementsAre("4|d|0"));
}

TEST_F(KeyedWarehouseTest, UncommittedRowsDieWithTheProcess) {
  Commit();
  Send(Batch({Person(v2::UPSERT, 3, "c")}));
  Reopen();
  EXPECT_THAT(People(), ElementsAre("1|a|0", "2|b|0"));
}

TEST_F(KeyedWarehouseTest, AddedColumnIsThereForNewRowsAndNullForOldOnes) {
  Send(SchemaChangeMessage({MakeTable("people", {{"age", v2::LONG}})}));
  Send(Batch({MakeRecord(v2::UPSERT, "people",
                         {{"id", Long(3)}, {"name", Text("c")}, {"age", Long(30)}})}));
  Commit();
  EXPECT_THAT(Query("SELECT id, age FROM \"main.people\" ORDER BY id"),
              ElementsAre("1|NULL", "2|NULL", "3|30"));
}

TEST_F(KeyedWarehouseTest, ChangedTypeIsRememberedAndOldValuesStay) {
  Send(SchemaChangeMessage({MakeTable("people", {{"name", v2::BINARY}})}));
  v2::ValueType bytes;
  bytes.set_binary("\x01");
  Send(Batch({MakeRecord(v2::UPSERT, "people", {{"id", Long(2)}, {"name", bytes}})}));
  Commit();
  EXPECT_THAT(Query("SELECT typeof(name) FROM \"main.people\" ORDER BY id"),
              ElementsAre("text", "blob"));
  EXPECT_THAT(Query("SELECT type FROM _tributary_tester_columns WHERE \"column\" = 'name'"),
              ElementsAre("BINARY"));
}

TEST_F(KeyedWarehouseTest, OtherKeyBeginsTheTableAnew) {
  v2::Table rekeyed = MakeTable("people", {{"id", v2::LONG}, {"name!", v2::STRING}});
  Send(SchemaChangeMessage({rekeyed}));
  Send(Batch({Person(v2::UPSERT, 1, "a"), Person(v2::UPSERT, 1, "b")}));
  Commit();
  EXPECT_THAT(People(), ElementsAre("1|a|0", "1|b|0"));
}

TEST_F(KeyedWarehouseTest, ShapesAreKnownToTheNextRun) {
  Commit();
  Reopen();
  ASSERT_TRUE(warehouse_->FillCatalog(*catalog_).ok());
  const TableShape* people = catalog_->Find(true, "main", "people");
  ASSERT_NE(people, nullptr);
  ASSERT_EQ(people->columns.size(), 2u);
  EXPECT_TRUE(people->columns[0].key);
  EXPECT_EQ(people->columns[1].type, v2::STRING);
  Send(Batch({Person(v2::UPSERT, 2, "second run")}));
  Commit();
  EXPECT_THAT(People(), ElementsAre("1|a|0", "2|second run|0"));
}

TEST_F(WarehouseTest, TableIsMadeByATruncateAlone) {
  Schema({MakeTable("empty", {{"a", v2::LONG}})});
  Send(Batch({MakeRecord(v2::TRUNCATE, "empty", {})}));
  Commit();
  EXPECT_THAT(Query("SELECT count(*) FROM \"main.empty\""), ElementsAre("0"));
}

TEST_F(WarehouseTest, SameRowsOfATableWithoutAKeyAreOne) {
  Schema({MakeTable("log", {{"b", v2::STRING}, {"a", v2::LONG}})});
  const auto line = [](v2::RecordType type, const std::string& b, std::int64_t a) {
    return MakeRecord(type, "log", {{"b", Text(b)}, {"a", Long(a)}});
  };
  Send(Batch({line(v2::UPSERT, "x", 1), line(v2::UPSERT, "x", 1), line(v2::UPSERT, "x", 2)}));
  Send(Batch({line(v2::DELETE, "x", 2)}));
  Commit();
  EXPECT_THAT(Query("SELECT b, a, _fivetran_deleted, length(_fivetran_id) FROM \"main.log\""),
              UnorderedElementsAre("x|1|0|64", "x|2|1|64"));
}

TEST_F(WarehouseTest, RowIdDoesNotChangeWhenAnEmptyColumnIsAdded) {
  Schema({MakeTable("log", {{"a", v2::LONG}})});
  Send(Batch({MakeRecord(v2::UPSERT, "log", {{"a", Long(1)}})}));
  Send(SchemaChangeMessage({MakeTable("log", {{"b", v2::STRING}})}));
  Send(Batch({MakeRecord(v2::UPSERT, "log", {{"a", Long(1)}, {"b", Null()}})}));
  Send(Batch({MakeRecord(v2::UPSERT, "log", {{"a", Long(1)}, {"b", Text("")}})}));
  Commit();
  EXPECT_THAT(Query("SELECT a, b FROM \"main.log\" ORDER BY b"), ElementsAre("1|NULL", "1|"));
}

TEST_F(WarehouseTest, RowIdIsTheHashOfNamesKindsAndValues) {
  Schema({MakeTable("log", {{"a", v2::LONG}})});
  Send(Batch({MakeRecord(v2::UPSERT, "log", {{"a", Null()}})}));
  Commit();
  // The SHA-256 of an empty input, as all values are null.
  EXPECT_THAT(Query("SELECT _fivetran_id FROM \"main.log\""),
              ElementsAre("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

TEST_F(WarehouseTest, TableWiderThanSqliteAllowsIsKeptInParts) {
  v2::Table wide = MakeTable("wide", {{"id!", v2::LONG}});
  v2::Record record = MakeRecord(v2::UPSERT, "wide", {{"id", Long(1)}});
  for (int i = 0; i < 4000; ++i) {
    v2::Column* column = wide.add_columns();
    column->set_name(absl::StrCat("c", i));
    column->set_type(v2::LONG);
    (*record.mutable_data())[column->name()] = Long(i);
  }
  Schema({wide});
  Send(Batch({record}));
  Send(Batch({MakeRecord(v2::UPDATE, "wide", {{"id", Long(1)}, {"c3999", Long(-1)}})}));
  Commit();
  EXPECT_THAT(Query("SELECT id, c0, c1898 FROM \"main.wide\""), ElementsAre("1|0|1898"));
  EXPECT_THAT(Query("SELECT id, c1899 FROM \"main.wide part 2\""), ElementsAre("1|1899"));
  EXPECT_THAT(Query("SELECT id, c3999 FROM \"main.wide part 3\""), ElementsAre("1|-1"));
}

TEST_F(WarehouseTest, NamesThatSqliteCannotTellApartAreBothKept) {
  Schema({MakeTable("T", {{"a!", v2::LONG}, {"A", v2::LONG}, {"_fivetran_deleted", v2::LONG}}),
          MakeTable("t", {{"say \"hi\"", v2::LONG}})});
  Send(Batch({MakeRecord(v2::UPSERT, "T",
                         {{"a", Long(1)}, {"A", Long(2)}, {"_fivetran_deleted", Long(3)}}),
              MakeRecord(v2::UPSERT, "t", {{"say \"hi\"", Long(4)}})}));
  Commit();
  EXPECT_THAT(
      Query("SELECT a, \"A~2\", \"_fivetran_deleted~2\", _fivetran_deleted FROM \"main.T\""),
      ElementsAre("1|2|3|0"));
  EXPECT_THAT(Query("SELECT \"say \"\"hi\"\"\" FROM \"main.t~2\""), ElementsAre("4"));
}

TEST_F(WarehouseTest, ValuesOfEveryKindStandAsTheyCame) {
  Schema({MakeTable("kinds", {{"id!", v2::LONG}, {"v", v2::UNSPECIFIED}})});
  std::int64_t id = 0;
  const auto send = [&](const v2::ValueType& value) {
    Send(Batch({MakeRecord(v2::UPSERT, "kinds", {{"id", Long(++id)}, {"v", value}})}));
  };
  v2::ValueType value;
  value.set_bool_(true);
  send(value);
  send(Long(std::numeric_limits<std::int64_t>::min()));
  value.set_double_(std::numeric_limits<double>::infinity());
  send(value);
  value.set_double_(std::numeric_limits<double>::quiet_NaN());
  send(value);
  value.set_decimal("12.50");
  send(value);
  value.set_binary(std::string("\0\xff", 2));
  send(value);
  value.set_binary("");
  send(value);
  send(Text(std::string("a\0b", 3)));
  send(Text(""));
  value.mutable_naive_date()->set_seconds(1706659200);
  send(value);
  value.mutable_naive_datetime()->set_seconds(-1);
  value.mutable_naive_datetime()->set_nanos(120000000);
  send(value);
  value.mutable_utc_datetime()->set_seconds(0);
  send(value);
  value.set_float_(0.5f);
  send(value);
  Commit();
  EXPECT_THAT(
      Query("SELECT typeof(v), quote(v) FROM \"main.kinds\" WHERE id <> 8 ORDER BY id"),
      ElementsAre("integer|1", "integer|-9223372036854775808", "real|9.0e+999", "text|'NaN'",
                  "text|'12.50'", "blob|X'00FF'", "blob|X''", "text|''", "text|'2024-01-31'",
                  "text|'1969-12-31T23:59:59.12'", "text|'1970-01-01T00:00:00Z'", "real|0.5"));
  EXPECT_THAT(Query("SELECT hex(v) FROM \"main.kinds\" WHERE id = 8"), ElementsAre("610062"));
}

TEST(StoredValueTest, TimesAtTheEndsOfTheCalendar) {
  google::protobuf::Timestamp time;
  time.set_seconds(-62135596800);
  EXPECT_EQ(IsoDate(time), "0001-01-01");
  time.set_seconds(253402300799);
  time.set_nanos(123456789);
  EXPECT_EQ(IsoDatetime(time), "9999-12-31T23:59:59.123456789");
}

}  // namespace
}  // namespace tributary::tester
