// Rows that differ in the source differ in the destination: each table has a key, and two keys that
// differ in SQLite differ on the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/worker/sources/sqlite/sample.h"
#include "worker/sources/sqlite/conversion.h"

namespace tributary::sqlite_test {
namespace {

using fivetran_sdk::v2::DataType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> KeyNames(const CatalogTable& table) {
  std::vector<std::string> names;
  for (const auto& column : table.columns()) {
    if (column.primary_key()) names.push_back(column.name());
  }
  return names;
}

class KeysTest : public ::testing::Test {
 protected:
  // The column's value in each row, in the order of reading. If the column's type cannot hold them,
  // it is read as STRING.
  std::vector<std::string> KeysOf(const std::string& name, const std::string& column) {
    Reading reading(folder_.path(), "k.db");
    CatalogTable table = reading.Table(name);
    Outcome outcome = reading.Read(table);
    if (outcome.end.outcome() == AssignmentEnd::WIDEN) {
      for (auto& one : *table.mutable_columns()) {
        if (one.primary_key()) one.set_type(DataType::STRING);
      }
      outcome = reading.Read(table);
    }
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE);
    remarks_ = outcome.remarks();
    std::vector<std::string> keys;
    for (const Values& row : outcome.rows) keys.push_back(row.at(column).string());
    return keys;
  }
  std::uint64_t Remarked(ColumnRemark::What what) const {
    std::uint64_t values = 0;
    for (const ColumnRemark& remark : remarks_)
      values += remark.what() == what ? remark.values() : 0;
    return values;
  }

  TempFolder folder_;
  Database database_{folder_ / "k.db"};
  std::vector<ColumnRemark> remarks_;
};

TEST_F(KeysTest, ATableWithoutAKeyIsSentWithItsRowidSoThatEqualRowsAreTwo) {
  database_.Run(
      "CREATE TABLE t(a); INSERT INTO t VALUES(1), (1); INSERT INTO t(rowid, a) VALUES(9, 1)");
  Reading reading(folder_.path(), "k.db");
  const CatalogTable table = reading.Table("t");
  ASSERT_THAT(KeyNames(table), ElementsAre("rowid"));
  EXPECT_EQ(table.columns(0).type(), DataType::LONG);
  const Outcome outcome = reading.Read(table);
  ASSERT_EQ(outcome.rows.size(), 3u);
  EXPECT_EQ(outcome.rows[0].at("rowid").long_(), 1);
  EXPECT_EQ(outcome.rows[1].at("rowid").long_(), 2);
  EXPECT_EQ(outcome.rows[2].at("rowid").long_(), 9);
  EXPECT_EQ(outcome.rows[2].at("a").long_(), 1);
  EXPECT_THAT(reading.Describe().remarks(), IsEmpty());
}

TEST_F(KeysTest, TheRowidIsSentUnderTheFirstOfItsNamesThatNoColumnHas) {
  database_.Run(
      "CREATE TABLE one(RowID TEXT); INSERT INTO one VALUES('x'), ('x');"
      "CREATE TABLE two(rowid TEXT, _ROWID_ TEXT); INSERT INTO two VALUES('x', 'y'), ('x', 'y')");
  for (const auto& [table, name] : {std::pair("one", "_rowid_"), std::pair("two", "oid")}) {
    Reading reading(folder_.path(), "k.db");
    EXPECT_THAT(KeyNames(reading.Table(table)), ElementsAre(name));
    const Outcome outcome = reading.Read(reading.Table(table));
    ASSERT_EQ(outcome.rows.size(), 2u);
    EXPECT_EQ(outcome.rows[1].at(name).long_(), 2);
  }
}

TEST_F(KeysTest, WhereNoNameOfTheRowidIsFreeEqualRowsBecomeOneAndThatIsSaid) {
  database_.Run(
      "CREATE TABLE hidden(rowid TEXT, _rowid_ TEXT, oid TEXT);"
      "CREATE TABLE keyed(rowid TEXT, _rowid_ TEXT, oid TEXT PRIMARY KEY)");
  Reading reading(folder_.path(), "k.db");
  EXPECT_THAT(KeyNames(reading.Table("hidden")), IsEmpty());
  EXPECT_THAT(KeyNames(reading.Table("keyed")), ElementsAre("oid"));
  EXPECT_THAT(
      reading.Describe().remarks(),
      ElementsAre(::testing::AllOf(HasSubstr("1 table (hidden)"), HasSubstr("become one"))));
}

struct FormCase {
  const char* what;
  const char* declared;
  // An SQL expression.
  const char* value;
  const char* sent;
  bool literal;
};

class KeyFormTest : public KeysTest, public ::testing::WithParamInterface<FormCase> {};

TEST_P(KeyFormTest, IsSentAs) {
  const FormCase& form = GetParam();
  for (const char* const without_rowid : {"", " WITHOUT ROWID"}) {
    database_.Run(absl::StrCat("DROP TABLE IF EXISTS t; CREATE TABLE t(k ", form.declared,
                               " PRIMARY KEY)", without_rowid));
    // Stored without the column's affinity, as in a table whose declaration was changed.
    database_.Run(absl::StrCat("INSERT INTO t VALUES(", form.value, "), ('~')"));
    EXPECT_THAT(KeysOf("t", "k"), UnorderedElementsAre(form.sent, "~"));
    EXPECT_EQ(Remarked(ColumnRemark::KEY_AS_LITERAL), form.literal ? 1u : 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys, KeyFormTest,
    ::testing::Values(FormCase{"Text", "TEXT", "'a b'", "a b", false},
                      FormCase{"EmptyText", "TEXT", "''", "", false},
                      FormCase{"TextThatIsNotUtf8", "TEXT", "CAST(x'4DFC6C6C6572' AS TEXT)",
                               "CAST(x'4DFC6C6C6572' AS TEXT)", true},
                      FormCase{"TextThatReadsLikeThat", "TEXT", "'CAST(x''4DFC6C6C6572'' AS TEXT)'",
                               "'CAST(x''4DFC6C6C6572'' AS TEXT)'", true},
                      FormCase{"Blob", "TEXT", "x'31'", "x'31'", false},
                      FormCase{"TextThatReadsLikeABlob", "TEXT", "'x''31'''", "'x''31'''", true},
                      FormCase{"TextThatHardlyReadsLikeABlob", "TEXT", "'x''3'''", "x'3'", false},
                      FormCase{"TextInQuotes", "TEXT", "'''a'''", "'''a'''", true},
                      FormCase{"TextOfOneQuote", "TEXT", "''''", "'", false},
                      FormCase{"DigitsWhereNumbersBecomeText", "VARCHAR(9)", "12", "12", false},
                      FormCase{"NumberWhereTheyStay", "BLOB", "12", "12", false},
                      FormCase{"DigitsWhereNumbersStay", "BLOB", "'12'", "'12'", true},
                      FormCase{"TextThatReadsLikeAReal", "BLOB", "'1.5'", "'1.5'", true},
                      FormCase{"Real", "BLOB", "1.5", "1.5", false},
                      FormCase{"TextThatOnlyStartsLikeANumber", "BLOB", "'012'", "012", false},
                      FormCase{"Infinity", "NUMERIC", "9e999", "Infinity", false},
                      FormCase{"TextThatReadsLikeInfinity", "NUMERIC", "'Infinity'", "'Infinity'",
                               true}),
    [](const auto& form) { return std::string(form.param.what); });

TEST_F(KeysTest, ANumberThatWasLeftInAColumnOfTextIsNoText) {
  database_.Run(
      "CREATE TABLE t(k BLOB PRIMARY KEY); INSERT INTO t VALUES(12), ('12'), (1.5), ('1.5');"
      "PRAGMA writable_schema = ON;"
      "UPDATE sqlite_schema SET sql = replace(sql, 'BLOB', 'TEXT') WHERE name = 't'");
  database_.Close();
  EXPECT_THAT(KeysOf("t", "k"),
              UnorderedElementsAre("CAST('12' AS INTEGER)", "12", "CAST('1.5' AS REAL)", "1.5"));
  EXPECT_EQ(Remarked(ColumnRemark::KEY_AS_LITERAL), 2u);
}

TEST_F(KeysTest, EveryColumnOfACompositeKeyIsToldApart) {
  database_.Run(
      "CREATE TABLE t(a TEXT NOT NULL, b TEXT NOT NULL, v, PRIMARY KEY(a, b)) WITHOUT ROWID;"
      "INSERT INTO t VALUES('same', CAST(x'FC' AS TEXT), 1), ('same', CAST(x'F6' AS TEXT), 2),"
      " (CAST(x'FC' AS TEXT), 'same', 3), (CAST(x'F6' AS TEXT), 'same', 4)");
  Reading reading(folder_.path(), "k.db");
  std::set<std::pair<std::string, std::string>> keys;
  for (const Values& row : reading.Read(reading.Table("t")).rows) {
    keys.emplace(row.at("a").string(), row.at("b").string());
  }
  EXPECT_EQ(keys.size(), 4u);
}

TEST_F(KeysTest, HalvesOfUtf16ThatSqliteMakesOneAreTwoKeysAndARemarkElsewhere) {
  // The stored bytes: SQLite would repair them if they were written as UTF-8.
  const std::vector<std::string> texts = {std::string("\x00\xd8\x41\x00", 4),
                                          std::string("\x00\xd8\x41\xdc", 4),
                                          std::string("\x00\xdc", 2), std::string("\x41\x00", 2)};
  for (const std::string encoding : {"UTF-16le", "UTF-16be"}) {
    const std::string name = encoding + ".db";
    {
      Database database(folder_ / name);
      database.Run("PRAGMA encoding='" + encoding +
                   "'; CREATE TABLE t(k TEXT PRIMARY KEY, v TEXT)");
      for (std::string text : texts) {
        if (encoding == "UTF-16be") {
          for (std::size_t at = 0; at + 1 < text.size(); at += 2) std::swap(text[at], text[at + 1]);
        }
        database.Run(absl::StrCat(
            "INSERT INTO t VALUES(CAST(",
            [&text] {
              std::string blob;
              sqlite::BlobText(text, blob);
              return blob;
            }(),
            " AS TEXT), NULL); UPDATE t SET v = k"));
      }
    }
    Reading reading(folder_.path(), name);
    const Outcome outcome = reading.Read(reading.Table("t"));
    std::set<std::string> keys;
    std::set<std::string> values;
    for (const Values& row : outcome.rows) {
      keys.insert(row.at("k").string());
      values.insert(row.at("v").string());
    }
    EXPECT_EQ(keys.size(), texts.size()) << encoding;
    EXPECT_THAT(keys, ::testing::Contains("A"));
    EXPECT_THAT(values, UnorderedElementsAre("\xef\xbf\xbd"
                                             "A",
                                             "\xf0\x90\x81\x81", "\xef\xbf\xbd", "A"));
    remarks_ = outcome.remarks();
    EXPECT_EQ(Remarked(ColumnRemark::KEY_AS_LITERAL), 2u);
    EXPECT_EQ(Remarked(ColumnRemark::REPAIRED_UTF8), 2u);
  }
}

// SQLite never writes such a text, and ignores its last byte when it reads one.
TEST_F(KeysTest, ALastOddByteOfUtf16TellsTwoKeysApart) {
  const std::string name = "odd.db";
  {
    Database database(folder_ / name);
    database.Run(
        "PRAGMA encoding='UTF-16le'; CREATE TABLE t(k TEXT PRIMARY KEY) WITHOUT ROWID;"
        "INSERT INTO t VALUES('A'), (x'410042')");
  }
  std::fstream file(folder_ / name, std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  // The header of the blob's record; its type is replaced by that of a text with the same number of
  // bytes.
  const std::size_t at = bytes.find("\x02\x12\x41" + std::string(1, '\0') + "\x42");
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at + 1));
  file.put('\x13').flush();
  Reading reading(folder_.path(), name);
  std::vector<std::string> keys;
  for (const Values& row : reading.Read(reading.Table("t")).rows) {
    keys.push_back(row.at("k").string());
  }
  EXPECT_THAT(keys, UnorderedElementsAre("A", "CAST(x'410042' AS TEXT)"));
}

TEST_F(KeysTest, AKeysColumnWithoutATypeIsSentInOneThatKeepsItsValuesApart) {
  database_.Run(
      "CREATE TABLE whole(k PRIMARY KEY); INSERT INTO whole VALUES(1), (2);"
      "CREATE TABLE texts(k PRIMARY KEY); INSERT INTO texts VALUES('a'), ('b');"
      "CREATE TABLE blobs(k PRIMARY KEY); INSERT INTO blobs VALUES(x'01'), (x'02');"
      "CREATE TABLE mixed(k PRIMARY KEY); INSERT INTO mixed VALUES(1), ('1'), (x'31');"
      "CREATE TABLE hollow(k PRIMARY KEY);"
      "CREATE TABLE doc(k JSON PRIMARY KEY); INSERT INTO doc VALUES('[1]')");
  Reading reading(folder_.path(), "k.db");
  for (const auto& [name, type] :
       {std::pair("whole", DataType::LONG), std::pair("texts", DataType::STRING),
        std::pair("blobs", DataType::BINARY), std::pair("mixed", DataType::STRING),
        std::pair("hollow", DataType::STRING), std::pair("doc", DataType::STRING)}) {
    EXPECT_EQ(reading.Table(name).columns(0).type(), type) << name;
  }
  EXPECT_THAT(KeysOf("mixed", "k"), UnorderedElementsAre("1", "'1'", "x'31'"));
}

TEST_F(KeysTest, ANullThatComesIntoTheKeyLaterFailsItsTableUntilTheCatalogIsReadAgain) {
  database_.Run("CREATE TABLE t(a TEXT PRIMARY KEY, b)");
  Reading reading(folder_.path(), "k.db");
  const CatalogTable table = reading.Table("t");
  EXPECT_THAT(KeyNames(table), ElementsAre("a"));
  database_.Run("INSERT INTO t VALUES(NULL, 1), (NULL, 2)");
  EXPECT_TRUE(absl::IsNotFound(reading.Read(table).status));
  EXPECT_THAT(KeyNames(reading.Table("t")), ElementsAre("rowid"));
  EXPECT_EQ(reading.Read(reading.Table("t")).rows.size(), 2u);
}

// A NULL has no type, so it must not change the type of its column.
TEST_F(KeysTest, ANullInTheKeyIsNoMisfit) {
  database_.Run("CREATE TABLE t(a INT PRIMARY KEY, b INT); INSERT INTO t VALUES(1, 1)");
  Reading reading(folder_.path(), "k.db");
  CatalogTable table = reading.Table("t");
  database_.Run("INSERT INTO t VALUES(NULL, 2)");
  reading.Cut(table);
  EXPECT_THAT(reading.sampled, IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(reading.Read(table).status));
  // If a value that does not fit is found first, the NULL is among the values that are then
  // examined.
  database_.Run("UPDATE t SET b = 0.5 WHERE b = 1");
  const Outcome outcome = reading.Read(table);
  EXPECT_THAT(Texts(outcome.end.widen()), ElementsAre("b DOUBLE (FRACTION)"));
  Apply(outcome.end.widen(), table);
  EXPECT_TRUE(absl::IsNotFound(reading.Read(table).status));
}

// Both are the same double, and 2^60 has fewer digits as 1.152921504606847e+18.
TEST_F(KeysTest, ARealAndAnIntegerBesideItAreTwoDecimals) {
  database_.Run(
      "CREATE TABLE t(k PRIMARY KEY); INSERT INTO t VALUES"
      "(1), (1152921504606847000), (1152921504606846976.0), (1152921504606849999)");
  Reading reading(folder_.path(), "k.db");
  CatalogTable table = reading.Table("t");
  ASSERT_EQ(table.columns(0).type(), DataType::LONG);
  const Outcome outcome = reading.Read(table);
  EXPECT_THAT(Texts(outcome.end.widen()), ElementsAre(HasSubstr("k DECIMAL")));
  Apply(outcome.end.widen(), table);
  std::vector<std::string> keys;
  for (const Values& row : reading.Read(table).rows) keys.push_back(row.at("k").decimal());
  EXPECT_THAT(keys, UnorderedElementsAre("1", "1152921504606847000", "1152921504606846976",
                                         "1152921504606849999"));
}

struct ChangeCase {
  const char* what;
  const char* table;
  const char* change;
  bool readable;
};

class ChangedTableTest : public KeysTest, public ::testing::WithParamInterface<ChangeCase> {};

// Reading it as the catalog says would confuse rows or leave some out.
TEST_P(ChangedTableTest, IsReadOnlyWhereItsRowsAreStillToldApart) {
  const ChangeCase& change = GetParam();
  database_.Run(absl::StrCat("CREATE TABLE ", change.table, ";INSERT INTO t(a, b) VALUES(1, 1)"));
  Reading reading(folder_.path(), "k.db");
  const CatalogTable table = reading.Table("t");
  ASSERT_EQ(reading.Read(table).rows.size(), 1u);
  database_.Run(absl::StrCat(change.change, ";INSERT INTO t(a, b) VALUES(2, 1)"));
  const Outcome outcome = reading.Read(table);
  if (change.readable) {
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.rows.size(), 2u);
  } else {
    EXPECT_TRUE(absl::IsNotFound(outcome.status)) << outcome.status;
    EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("\"t\""));
    EXPECT_EQ(reading.Read(reading.Table("t")).rows.size(), 2u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys, ChangedTableTest,
    ::testing::Values(
        ChangeCase{"AColumnIsAdded", "t(a, b)", "ALTER TABLE t ADD COLUMN c", true},
        ChangeCase{"AColumnTakesTheRowidsName", "t(a, b)", "ALTER TABLE t ADD COLUMN rowid", false},
        ChangeCase{"TheKeyIsGone", "t(a PRIMARY KEY, b)",
                   "DROP TABLE t; CREATE TABLE t(a, b); INSERT INTO t VALUES(2, 2)", false},
        ChangeCase{"TheKeyIsAnother", "t(a, b, PRIMARY KEY(a))",
                   "DROP TABLE t; CREATE TABLE t(a, b, PRIMARY KEY(a, b));"
                   "INSERT INTO t VALUES(2, 2)",
                   false},
        ChangeCase{"TheOrderIsAnother", "t(a INTEGER, b, PRIMARY KEY(a)) WITHOUT ROWID",
                   "DROP TABLE t; CREATE TABLE t(a INTEGER, b, PRIMARY KEY(a DESC)) WITHOUT ROWID;"
                   "INSERT INTO t VALUES(1, 1)",
                   false},
        ChangeCase{"AKeyComesToARowid", "t(a, b)",
                   "DROP TABLE t; CREATE TABLE t(a PRIMARY KEY, b); INSERT INTO t VALUES(1, 1)",
                   true}),
    [](const auto& change) { return std::string(change.param.what); });

}  // namespace
}  // namespace tributary::sqlite_test
