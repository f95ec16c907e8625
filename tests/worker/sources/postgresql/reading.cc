#include "tests/worker/sources/postgresql/reading.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "worker/encoder/batch_writer.h"

namespace tributary::postgresql_test {

tests::PostgresServer& Server() {
  static const std::unique_ptr<tests::PostgresServer> server = [] {
    auto made = tests::PostgresServer::Make({.settings = {{"wal_level", "logical"}}});
    if (!made.ok()) {
      std::cerr << made.status() << std::endl;
      std::exit(EXIT_FAILURE);
    }
    return *std::move(made);
  }();
  return *server;
}

void Execute(const std::string& sql, const std::string& database) {
  const auto rows = Server().Execute(sql, database);
  EXPECT_TRUE(rows.ok()) << rows.status() << "\n" << sql << "\n" << Server().log();
}

NewDatabase::NewDatabase(const std::string& sql) {
  static int made = 0;
  name_ = absl::StrCat("test_", ++made);
  Execute("CREATE DATABASE " + name_);
  if (!sql.empty()) Run(sql);
}

NewDatabase::~NewDatabase() { Execute("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)"); }

Configuration ConfigurationOf(const std::string& database, const std::string& user) {
  return {{"source", "postgresql"},
          {"host", tests::PostgresServer::kHost},
          {"port", absl::StrCat(Server().port())},
          {"database", database},
          {"user", user},
          {"sslmode", "disable"}};
}

Reading::Reading(Configuration configuration, std::chrono::milliseconds patience)
    : source_({.configuration = std::move(configuration)}, pulse_, patience) {
  const auto needs = source_.Prepare();
  EXPECT_TRUE(needs.ok()) << needs.status();
}

Catalog Reading::Describe() {
  const auto catalog = source_.Describe({});
  EXPECT_TRUE(catalog.ok()) << catalog.status();
  return catalog.ok() ? *catalog : Catalog();
}

CatalogTable Reading::Table(const std::string& name) {
  const Catalog catalog = Describe();
  for (const CatalogTable& table : catalog.tables()) {
    if (table.table() == name) return table;
  }
  ADD_FAILURE() << "no table " << name;
  return {};
}

ReadAssignment Reading::AssignmentOf(const CatalogTable& table, const Range& range) const {
  ReadAssignment assignment;
  assignment.set_schema(table.schema());
  assignment.set_table(table.table());
  assignment.set_access(table.access());
  *assignment.mutable_columns() = table.columns();
  *assignment.mutable_range() = range;
  assignment.set_whole_from(whole_from);
  return assignment;
}

Outcome Reading::Read(const CatalogTable& table, const Range& range) {
  return Do(AssignmentOf(table, range));
}

std::vector<Outcome> Reading::ReadAll(const std::vector<CatalogTable>& tables,
                                      const std::function<void()>& after) {
  std::vector<ReadAssignment> assignments;
  for (const CatalogTable& table : tables) assignments.push_back(AssignmentOf(table, {}));
  std::vector<Outcome> outcomes;
  for (auto at = assignments.begin(); at != assignments.end(); ++at) {
    std::vector<const ReadAssignment*> next;
    for (auto later = at + 1; later != assignments.end(); ++later) next.push_back(&*later);
    source_.Expect(std::move(next));
    outcomes.push_back(Do(*at));
    after();
  }
  return outcomes;
}

Outcome Reading::Do(const ReadAssignment& assignment) {
  Outcome outcome;
  sqlite_test::RingTap tap;
  const std::uint32_t id = ++assignment_;
  if (pause_after_marks == 0) tap.control().pause_through = id;
  std::string parts;
  tap.Start([&](const FrameHeader& header, std::string payload) {
    if (before_frame) before_frame(header);
    if (header.type == FrameType::kOpened) {
      EXPECT_TRUE(outcome.opened.ParseFromString(payload));
      EXPECT_TRUE(outcome.rows.empty() && outcome.marks.empty());
      return;
    }
    if (header.type == FrameType::kMark) {
      Mark mark;
      EXPECT_TRUE(mark.ParseFromString(payload));
      outcome.marks.push_back(
          {mark.at(), outcome.rows.size(), {mark.remarks().begin(), mark.remarks().end()}});
      if (static_cast<int>(outcome.marks.size()) == pause_after_marks) {
        tap.control().pause_through = id;
      }
      return;
    }
    parts += payload;
    if (header.type == FrameType::kPart) return;
    fivetran_sdk::v2::UpdateResponse response;
    EXPECT_TRUE(response.ParseFromString(std::exchange(parts, {})));
    for (const auto& record : response.records().records()) {
      EXPECT_EQ(record.schema_name(), assignment.schema());
      EXPECT_EQ(record.table_name(), assignment.table());
      EXPECT_EQ(record.type(), fivetran_sdk::v2::RecordType::UPSERT);
      EXPECT_EQ(record.data().size(), static_cast<std::size_t>(assignment.columns_size()));
      outcome.rows.emplace_back(record.data().begin(), record.data().end());
    }
  });
  {
    BatchWriter writer(tap.producer(), id);
    auto end = source_.Read(assignment, writer);
    writer.Flush();
    outcome.status = end.status();
    if (end.ok()) outcome.end = *std::move(end);
  }
  tap.Finish();
  return outcome;
}

std::vector<Range> Reading::Cut(const CatalogTable& table, const std::vector<Range>& ranges) {
  CutAssignment assignment;
  CutAssignment::Table& asked = *assignment.add_tables();
  asked.set_schema(table.schema());
  asked.set_table(table.table());
  asked.set_access(table.access());
  *asked.mutable_columns() = table.columns();
  for (const Range& range : ranges) *asked.add_ranges() = range;
  const auto slices = source_.Cut(assignment);
  EXPECT_TRUE(slices.ok()) << slices.status();
  if (!slices.ok()) return {};
  EXPECT_EQ(slices->tables(0).slices_size(), slices->tables(0).estimated_bytes_size());
  return {slices->tables(0).slices().begin(), slices->tables(0).slices().end()};
}

std::string TextOf(const fivetran_sdk::v2::ValueType& value) {
  using Value = fivetran_sdk::v2::ValueType;
  const auto micros = [](const google::protobuf::Timestamp& time) {
    return absl::StrCat(time.seconds() * 1'000'000 + time.nanos() / 1000);
  };
  switch (value.inner_case()) {
    case Value::kNull:
      return "Null";
    case Value::kBool:
      return value.bool_() ? "Bool t" : "Bool f";
    case Value::kShort:
      return absl::StrCat("Short ", value.short_());
    case Value::kInt:
      return absl::StrCat("Int ", value.int_());
    case Value::kLong:
      return absl::StrCat("Long ", value.long_());
    case Value::kFloat:
      return absl::StrCat("Float ", value.float_());
    case Value::kDouble:
      return absl::StrCat("Double ", value.double_());
    case Value::kNaiveDate:
      return "Date " + micros(value.naive_date());
    case Value::kNaiveDatetime:
      return "Naive " + micros(value.naive_datetime());
    case Value::kUtcDatetime:
      return "Utc " + micros(value.utc_datetime());
    case Value::kDecimal:
      return "Decimal " + value.decimal();
    case Value::kBinary:
      return "Binary " + absl::BytesToHexString(value.binary());
    case Value::kString:
      return "String " + value.string();
    case Value::kJson:
      return "Json " + value.json();
    case Value::kXml:
      return "Xml " + value.xml();
    default:
      return "Nothing";
  }
}

std::vector<std::string> Ids(const Outcome& outcome) {
  std::vector<std::string> ids;
  for (const auto& row : outcome.rows) ids.push_back(TextOf(row.at("id")));
  return ids;
}

}  // namespace tributary::postgresql_test
