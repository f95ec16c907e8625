// Rows of several tables and operations, mixed as in a change log: what protobuf's own parser
// reads, and which batches have a compact form.
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/worker/encoder/encoded_stream.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::RecordType;
using google::protobuf::util::MessageDifferencer;
using Random = std::mt19937_64;

// --- one value of each type, for the writer and as expected ---

std::string RandomText(Random& random) {
  const std::size_t longest = random() % 200 == 0 ? 300'000 : random() % 10 == 0 ? 2'000 : 40;
  return std::string(random() % longest, static_cast<char>('a' + random() % 26));
}

void WriteValue(Random& random, std::size_t column, BatchWriter& writer, ValueType& value) {
  const std::uint64_t bits = random() >> (random() % 64);
  const auto number = static_cast<std::int64_t>(bits);
  const auto narrow = static_cast<std::int32_t>(bits);
  const auto nanos = static_cast<std::int32_t>(bits % 1'000'000'000);
  switch (random() % 12) {
    case 0:
      value.set_null(true);
      return writer.Null(column);
    case 1:
      value.set_bool_(bits % 2 == 0);
      return writer.Bool(column, bits % 2 == 0);
    case 2:
      value.set_short_(narrow);
      return writer.Short(column, narrow);
    case 3:
      value.set_int_(narrow);
      return writer.Int(column, narrow);
    case 4:
      value.set_long_(number);
      return writer.Long(column, number);
    case 5:
      value.set_float_(static_cast<float>(narrow));
      return writer.Float(column, static_cast<float>(narrow));
    case 6:
      value.set_double_(static_cast<double>(number));
      return writer.Double(column, static_cast<double>(number));
    case 7:
      value.mutable_naive_date()->set_seconds(narrow);
      return writer.NaiveDate(column, narrow);
    case 8:
      value.mutable_utc_datetime()->set_seconds(narrow);
      value.mutable_utc_datetime()->set_nanos(nanos);
      return writer.UtcDatetime(column, narrow, nanos);
    case 9:
      *value.mutable_decimal() = std::to_string(number);
      return writer.Decimal(column, value.decimal());
    case 10:
      *value.mutable_binary() = RandomText(random);
      return writer.Binary(column, value.binary());
    default:
      *value.mutable_string() = RandomText(random);
      return writer.String(column, value.string());
  }
}

struct Table {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::size_t> keys;
  std::unique_ptr<const TableShape> shape;
};

Table MakeTable(Random& random, std::size_t number) {
  Table table;
  table.name = "table_" + std::to_string(number);
  const std::size_t width = 1 + random() % 20;
  for (std::size_t i = 0; i < width; ++i) {
    table.columns.push_back(std::string(random() % 30, 'n') + std::to_string(i));
  }
  table.keys = {random() % width};
  table.shape = std::make_unique<const TableShape>("main", table.name, table.columns, table.keys);
  return table;
}

// A random sequence of rows, and the records that are expected.
class Program {
 public:
  Program(Random& random, std::size_t tables, BatchWriter& writer)
      : random_(random), writer_(writer) {
    for (std::size_t i = 0; i < tables; ++i) tables_.push_back(MakeTable(random, i));
  }

  void Step() {
    // Also several rows of the same table in a row: a log has these, and a copy has nothing else.
    if (random_() % 3 == 0) at_ = random_() % tables_.size();
    const Table& table = tables_[at_];
    switch (random_() % 40) {
      case 0:
        expected_.push_back(Bare(table, fivetran_sdk::v2::TRUNCATE));
        return writer_.Truncate(*table.shape);
      case 1:
        return writer_.Flush();
      case 2:
        return writer_.Mark("", "");
      case 3:
      case 4:
        WriteRow(table);
        return writer_.DropRow();
      case 5:
        return random_() % 100 == 0 ? WriteLargeRow(table, large_) : Step();
      case 6:
        return random_() % 200 == 0 ? WriteLargeRow(table, oversized_) : Step();
      default:
        ++rows_;
        expected_.push_back(WriteRow(table));
        return writer_.EndRow();
    }
  }

  void ExpectIn(const std::vector<Record>& records) const {
    ASSERT_EQ(records.size(), expected_.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      ASSERT_TRUE(MessageDifferencer::Equals(records[i], expected_[i]))
          << "record " << i << " of " << expected_[i].table_name();
    }
    EXPECT_EQ(writer_.rows(), rows_);
    EXPECT_EQ(writer_.oversized_rows(), oversized_rows_);
  }

 private:
  static Record Bare(const Table& table, RecordType type) {
    Record record;
    record.set_schema_name("main");
    record.set_table_name(table.name);
    record.set_type(type);
    return record;
  }
  // Everything except the row's end.
  Record WriteRow(const Table& table) {
    constexpr RecordType kTypes[] = {fivetran_sdk::v2::UPSERT, fivetran_sdk::v2::UPSERT,
                                     fivetran_sdk::v2::UPDATE, fivetran_sdk::v2::DELETE};
    Record record = Bare(table, kTypes[random_() % std::size(kTypes)]);
    writer_.BeginRow(*table.shape, record.type());
    for (const std::size_t column : ColumnsOf(table, record.type())) {
      WriteValue(random_, column, writer_, (*record.mutable_data())[table.columns[column]]);
    }
    return record;
  }
  std::vector<std::size_t> ColumnsOf(const Table& table, RecordType type) {
    if (type == fivetran_sdk::v2::DELETE) return table.keys;
    std::vector<std::size_t> columns(table.columns.size());
    std::iota(columns.begin(), columns.end(), 0);
    if (type == fivetran_sdk::v2::UPDATE) {
      std::erase_if(columns, [&](std::size_t column) {
        return column != table.keys.front() && random_() % 2 == 0;
      });
    }
    if (random_() % 10 == 0) std::shuffle(columns.begin(), columns.end(), random_);
    return columns;
  }
  void WriteLargeRow(const Table& table, const std::string& bytes) {
    const bool fits = bytes.size() < limits::kMaxMessageBytes;
    writer_.BeginRow(*table.shape, fivetran_sdk::v2::UPDATE);
    writer_.Binary(0, bytes);
    writer_.EndRow();
    rows_ += fits;
    oversized_rows_ += !fits;
    if (!fits) return;
    Record& record = expected_.emplace_back(Bare(table, fivetran_sdk::v2::UPDATE));
    (*record.mutable_data())[table.columns[0]].set_binary(bytes);
  }

  const std::string large_ = std::string(3 * limits::kMiB, 'l');
  const std::string oversized_ = std::string(limits::kMaxMessageBytes, 'o');
  Random& random_;
  BatchWriter& writer_;
  std::vector<Table> tables_;
  std::size_t at_ = 0;
  std::vector<Record> expected_;
  std::uint64_t rows_ = 0;
  std::uint64_t oversized_rows_ = 0;
};

TEST(MixedRowsTest, RandomProgramsComeOutAsTheyWentIn) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const std::size_t tables : {1U, 2U, 5U, 300U}) {
    EncodedStream stream;
    BatchWriter writer(stream.producer(), 1);
    Program program(random, tables, writer);
    const auto pieces = TakeBeside(stream, [&] {
      for (int step = 0; step < 10'000; ++step) program.Step();
      writer.Mark("", "");
    });
    program.ExpectIn(RecordsOf(pieces));
  }
}

// --- which batches have a compact form ---

const std::vector<std::string> kColumns = {"identifier", "description"};

// A step of a case: a row of table a or b (lower case: all columns), A or B (an UPDATE of it), d (a
// DELETE), t (a TRUNCATE), x (a complete row of b, taken back), | (a flush).
void WriteStep(char step, BatchWriter& writer) {
  static const TableShape a("main", "a", kColumns, {0});
  static const TableShape b("main", "b", kColumns, {0});
  const auto begin = [&](const TableShape& shape, RecordType type) {
    writer.BeginRow(shape, type);
    writer.Long(0, 7);
    if (type != fivetran_sdk::v2::DELETE) writer.String(1, "a text");
  };
  switch (step) {
    case 'a':
    case 'b':
      begin(step == 'a' ? a : b, fivetran_sdk::v2::UPSERT);
      return writer.EndRow();
    case 'A':
    case 'B':
      begin(step == 'A' ? a : b, fivetran_sdk::v2::UPDATE);
      return writer.EndRow();
    case 'd':
      begin(a, fivetran_sdk::v2::DELETE);
      return writer.EndRow();
    case 't':
      return writer.Truncate(a);
    case 'x':
      begin(b, fivetran_sdk::v2::UPSERT);
      return writer.DropRow();
    default:
      return writer.Flush();
  }
}

TEST(MixedRowsTest, ABatchHasACompactFormWhileItsRowsAreUpsertsOfOneShape) {
  struct Case {
    const char* what;
    const char* steps;
    // For each batch, whether it has a compact form.
    std::vector<bool> forms;
  };
  const Case cases[] = {
      {"one table", "aaaaaaaa", {true}},
      {"one table after the other, a batch each", "aaaaaaaa|bbbbbbbb|aaaaaaaa", {true, true, true}},
      {"two tables in a batch", "aaaaaaaab", {false}},
      {"a row of another table first", "baaaaaaaa", {false}},
      {"and back again", "aaaabaaaa", {false}},
      {"an UPDATE", "aaaaaaaaA", {false}},
      {"an UPDATE first", "Aaaaaaaaa", {false}},
      {"UPDATEs alone", "AAAAAAAA", {false}},
      {"a DELETE", "aaaadaaaa", {false}},
      {"a TRUNCATE before the rows", "taaaaaaaa", {false}},
      {"a TRUNCATE in a batch of its own", "t|aaaaaaaa", {false, true}},
      {"a row of another table that is taken back", "aaaaxaaaa", {true}},
      {"one that is taken back first", "xaaaaaaaa", {true}},
      {"a batch after one that has none", "aaaaaaaab|bbbbbbbb", {false, true}},
  };
  for (const Case& one : cases) {
    EncodedStream stream;
    BatchWriter writer(stream.producer(), 1);
    for (const char* step = one.steps; *step != '\0'; ++step) WriteStep(*step, writer);
    writer.Flush();
    std::vector<bool> forms;
    for (const auto& piece : stream.Take()) forms.push_back(!piece.compact.empty());
    EXPECT_EQ(forms, one.forms) << one.what;
  }
}

TEST(MixedRowsTest, BatchesOfMixedShapesCloseAtTheSameLimits) {
  EncodedStream stream;
  BatchWriter writer(stream.producer(), 1);
  const TableShape narrow("main", "narrow", {"id"});
  const TableShape wide("main", "wide", {"id", "body"});
  const std::string body(limits::kMaxBatchBytes / 4, 'b');
  for (int row = 0; row < 10; ++row) {
    writer.BeginRow(narrow);
    writer.Long(0, row);
    writer.EndRow();
    writer.BeginRow(wide);
    writer.Long(0, row);
    writer.String(1, body);
    writer.EndRow();
  }
  for (int row = 0; row < 150; ++row) WriteStep(row % 2 == 0 ? 'a' : 'B', writer);
  writer.Flush();
  const auto pieces = stream.Take();
  EXPECT_EQ(RecordsOf(pieces).size(), 170U);
  std::vector<std::uint32_t> sizes;
  for (const auto& piece : pieces) sizes.push_back(piece.records);
  // Three rows with a body and four narrow rows between them; the last batch ends because of its
  // number of rows.
  EXPECT_EQ(sizes, (std::vector<std::uint32_t>{7, 6, 6, 100, 51}));
}

// As when a log says that a table's columns have changed: the old shape is destroyed at once, and
// the new one may have the same address.
TEST(MixedRowsTest, AShapeMayGoBeforeTheBatchThatHasItsRows) {
  EncodedStream stream;
  BatchWriter writer(stream.producer(), 1);
  std::optional<TableShape> shape;
  for (const std::string column : {"a column with a long name", "another, just as long as that"}) {
    shape.emplace("main", "t", std::vector<std::string>{column});
    for (int row = 0; row < 10; ++row) {
      writer.BeginRow(*shape);
      writer.Long(0, row);
      writer.EndRow();
    }
  }
  shape.reset();
  writer.Flush();
  const auto pieces = stream.Take();
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].compact, "");
  const auto records = RecordsOf(pieces);
  ASSERT_EQ(records.size(), 20U);
  EXPECT_TRUE(records[9].data().contains("a column with a long name"));
  EXPECT_TRUE(records[10].data().contains("another, just as long as that"));
}

TEST(MixedRowsTest, AShapeKnowsItsColumnsAndKeys) {
  TableShape::Columns columns;
  for (const char* name : {"body", "id", "part"}) columns.Add()->set_name(name);
  columns[1].set_primary_key(true);
  columns[2].set_primary_key(true);
  const TableShape shape("main", "t", columns);
  EXPECT_EQ(shape.columns(), 3U);
  EXPECT_EQ(shape.keys(), (std::vector<std::size_t>{1, 2}));
}

}  // namespace
}  // namespace tributary
