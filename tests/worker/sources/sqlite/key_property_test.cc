// Two keys that differ in SQLite differ on the wire, whatever type their column is sent as: values
// that are easily confused, with all types.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/worker/sources/sqlite/sample.h"
#include "worker/encoder/batch_writer.h"
#include "worker/sources/sqlite/conversion.h"
#include "worker/sources/sqlite/key_form.h"
#include "worker/sources/sqlite/row_writer.h"

namespace tributary::sqlite_test {
namespace {

using fivetran_sdk::v2::DataType;
using sqlite::RowWriter;
using sqlite::TextEncoding;

constexpr std::int64_t kTwoTo53 = std::int64_t{1} << 53;

class HardValues {
 public:
  explicit HardValues(unsigned seed) : random_(seed) {}

  void Bind(sqlite3_stmt* statement) {
    switch (Below(4)) {
      case 0:
        sqlite3_bind_int64(statement, 1, Integer());
        break;
      case 1:
        sqlite3_bind_double(statement, 1, Real());
        break;
      default:
        const std::string bytes = Bytes();
        const bool text = Below(4) != 0;
        if (text) {
          sqlite3_bind_text(statement, 1, bytes.data(), static_cast<int>(bytes.size()),
                            SQLITE_TRANSIENT);
        } else {
          sqlite3_bind_blob(statement, 1, bytes.c_str(), static_cast<int>(bytes.size()),
                            SQLITE_TRANSIENT);
        }
    }
  }

 private:
  unsigned Below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  std::int64_t Integer() {
    // The fifth number has the same shortest digits as 2^60, but a different value.
    constexpr std::int64_t kEdges[] = {
        0, 1, -1, 12, 1152921504606847000, kTwoTo53, INT64_MAX - 2, INT64_MIN};
    return kEdges[Below(8)] + static_cast<std::int64_t>(Below(3)) * (Below(2) == 0 ? 0 : 1);
  }
  double Real() {
    constexpr double kEdges[] = {
        0.5, 1.5, 9007199254740992.0, 1152921504606846976.0, 1e22, 1e300, 5e-324, 0.1};
    const double real = kEdges[Below(8)] * (Below(2) == 0 ? 1 : -1);
    return Below(8) == 0 ? real * std::numeric_limits<double>::infinity() : real;
  }
  // Half of the time, the form in which other values are sent.
  std::string Bytes() {
    sqlite::NumberText room;
    std::string text;
    switch (Below(10)) {
      case 0:
        return std::string(sqlite::IntegerText(Integer(), room));
      case 1:
        return std::string(sqlite::RealText(Real(), room));
      case 2:
        sqlite::BlobText(Bytes(), text);
        return text;
      case 3:
        sqlite::QuotedLiteral(Bytes(), text);
        return text;
      case 4:
        sqlite::BrokenTextLiteral(Bytes(), text);
        return text;
      case 5:
        sqlite::IntegerLiteral(sqlite::IntegerText(Integer(), room), text);
        return text;
      case 6:
        sqlite::RealLiteral(sqlite::RealText(Real(), room), text);
        return text;
      case 7: {
        constexpr const char* kMoments[] = {"2024-01-31",
                                            "2024-01-31 00:00:00",
                                            "2024-01-31T00:00:00",
                                            "2024-01-31 00:00",
                                            "2024-01-31 00:00:00.0",
                                            "2024-01-31 00:00:00.000000",
                                            "2024-01-31 00:00:00Z",
                                            "2024-01-31 00:00:00+00:00",
                                            "2024-01-31 00:00:00.000001",
                                            "2024-01-31 00:00:00.0000001",
                                            "2024-01-31 00:00:00.0000001+00:00",
                                            "2024-01-31 02:00:00+02:00",
                                            "true",
                                            "t",
                                            "false"};
        return kMoments[Below(15)];
      }
      default: {
        constexpr std::string_view kLetters("'x0AFa1 .-+\0\xc3\xbc\xff\xfe\xed\xa0\x80\xef\xbf\xbd",
                                            24);
        for (unsigned size = Below(5); size > 0; --size) text += kLetters[Below(24)];
        return text;
      }
    }
  }

  std::mt19937 random_;
};

// Sends each key of `table` that fits `type` to the encoder, and returns how many did, and how many
// different ones were sent.
std::pair<std::size_t, std::size_t> Send(sqlite3* db, const std::string& declared, DataType type,
                                         TextEncoding encoding) {
  ReadAssignment assignment;
  auto& column = *assignment.add_columns();
  column.set_name("k");
  column.set_type(type);
  column.set_primary_key(true);
  RowWriter row;
  row.Begin(assignment.columns());
  row.TakeTextAs(encoding);
  row.SetTextAffinity(0, sqlite::HasTextAffinity(declared));
  std::set<std::string> sent;
  std::size_t rows = 0;
  RingTap tap;
  tap.Start([&sent](const FrameHeader&, std::string payload) {
    fivetran_sdk::v2::UpdateResponse response;
    ASSERT_TRUE(response.ParseFromString(payload));
    for (const auto& record : response.records().records()) {
      sent.insert(record.data().at("k").SerializeAsString());
    }
  });
  {
    const TableShape shape("main", "t", assignment.columns());
    BatchWriter writer(tap.producer(), 1);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(db, "SELECT k FROM t", -1, &statement, nullptr);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      writer.BeginRow(shape);
      if (row.Write(0, sqlite3_column_value(statement, 0), writer)) {
        writer.EndRow();
        ++rows;
      } else {
        writer.DropRow();
      }
    }
    sqlite3_finalize(statement);
    writer.Mark("", "v");
  }
  tap.Finish();
  return {rows, sent.size()};
}

TEST(KeyProperty, KeysThatSqliteTellsApartAreApartOnTheWireInEveryTypeThatTakesThem) {
  constexpr int kValues = 1500;
  unsigned seed = 20240131;
  std::map<DataType, std::size_t> fitted;
  for (const auto& [pragma, encoding] : {std::pair("UTF-8", TextEncoding::kUtf8),
                                         std::pair("UTF-16le", TextEncoding::kUtf16LittleEndian),
                                         std::pair("UTF-16be", TextEncoding::kUtf16BigEndian)}) {
    for (const std::string declared : {"", "INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC", "DATETIME",
                                       "VARCHAR(10) COLLATE NOCASE", "STRING COLLATE RTRIM"}) {
      Database database(":memory:");
      database.Run(absl::StrCat("PRAGMA encoding='", pragma, "'; CREATE TABLE t(k ", declared,
                                " NOT NULL, PRIMARY KEY(k)) WITHOUT ROWID"));
      sqlite3_stmt* insert = nullptr;
      sqlite3_prepare_v2(database.db(), "INSERT OR IGNORE INTO t VALUES(?1)", -1, &insert, nullptr);
      HardValues values(++seed);
      for (int at = 0; at < kValues; ++at) {
        values.Bind(insert);
        EXPECT_EQ(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
      }
      sqlite3_finalize(insert);
      for (int type = fivetran_sdk::v2::DataType_MIN; type <= fivetran_sdk::v2::DataType_MAX;
           ++type) {
        const auto as = static_cast<DataType>(type);
        const auto [rows, sent] = Send(database.db(), declared, as, encoding);
        EXPECT_EQ(rows, sent) << declared << " sent as " << fivetran_sdk::v2::DataType_Name(as)
                              << " of " << pragma;
        fitted[as] += rows;
        if (as == DataType::STRING) {
          EXPECT_EQ(std::to_string(rows), database.Ask("SELECT count(*) FROM t")) << declared;
        }
      }
    }
  }
  for (const DataType type :
       {DataType::LONG, DataType::DOUBLE, DataType::DECIMAL, DataType::BOOLEAN, DataType::BINARY,
        DataType::NAIVE_DATE, DataType::NAIVE_DATETIME, DataType::UTC_DATETIME}) {
    EXPECT_GT(fitted[type], 0u) << fivetran_sdk::v2::DataType_Name(type);
  }
  EXPECT_GT(fitted[DataType::STRING], 5000u);
}

TEST(KeyProperty, TheAffinityIsSqlitesOwn) {
  for (const std::string declared :
       {"", "INT", "TEXT", "VARCHAR(20)", "CLOB", "CHARINT", "INTEXT", "BLOB", "POINT", "REAL",
        "STRING", "nchar varying", "LONGTEXT", "DECIMAL(10,2)", "UUID", "TEXT BLOB"}) {
    Database database(":memory:");
    database.Run(absl::StrCat("CREATE TABLE t(k ", declared, "); INSERT INTO t VALUES(5)"));
    EXPECT_EQ(sqlite::HasTextAffinity(declared), database.Ask("SELECT typeof(k) FROM t") == "text")
        << declared;
  }
}

}  // namespace
}  // namespace tributary::sqlite_test
