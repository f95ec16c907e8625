// From the catalogs of a real server to the type as which a column is sent, and to the way in which
// its values are read.
#include <gtest/gtest.h>

#include <map>

#include "common/limits.h"
#include "tests/worker/sources/postgresql/golden.h"

namespace tributary::postgresql {
namespace {

using fivetran_sdk::v2::DataType;

std::string Described(const ColumnType& column) {
  std::string text = fivetran_sdk::v2::DataType_Name(column.type);
  if (column.precision > 0) {
    text += "(" + std::to_string(column.precision) + "," + std::to_string(column.scale) + ")";
  }
  if (column.copy_form == CopyForm::kAsText) text += ", copied as text";
  if (column.copy_form == CopyForm::kAsJson) text += ", copied as json";
  if (column.log_form == LogForm::kText) text += ", logged as text";
  if (column.log_form == LogForm::kReadAgain) text += ", read again";
  if (column.log_form == LogForm::kBreaksStream) text += ", breaks the stream";
  return text;
}

TEST(ColumnTypeTest, EveryDeclarationIsSentAsItsFivetranType) {
  const std::map<std::string, std::string> expected = {
      {"boolean", "BOOLEAN"},
      {"smallint", "SHORT"},
      {"integer", "INT"},
      {"bigint", "LONG"},
      {"oid", "LONG"},
      {"real", "FLOAT"},
      {"double_precision", "DOUBLE"},
      {"numeric", "DECIMAL"},
      {"numeric_12_2", "DECIMAL(12,2)"},
      {"numeric_5", "DECIMAL(5,0)"},
      {"numeric_38_10", "DECIMAL(38,10)"},
      {"numeric_39_1", "DECIMAL"},
      // Values up to 99000, and up to 0.00999.
      {"numeric_2_minus3", "DECIMAL(5,0)"},
      {"numeric_38_minus1", "DECIMAL"},
      {"numeric_3_5", "DECIMAL(5,5)"},
      {"numeric_1000_1000", "DECIMAL"},
      {"money", "DECIMAL"},
      {"date", "NAIVE_DATE"},
      {"timestamp", "NAIVE_DATETIME"},
      {"timestamp_3", "NAIVE_DATETIME"},
      {"timestamptz", "UTC_DATETIME"},
      {"bytea", "BINARY"},
      {"xml", "XML"},
      {"json", "JSON"},
      {"jsonb", "JSON"},
      {"ints", "JSON"},
      {"moods", "JSON"},
      {"pair", "JSON"},
      {"pairs", "JSON"},
      {"int4range", "JSON"},
      {"int4multirange", "JSON"},
      {"text_range", "JSON"},
      {"hstore", "JSON"},
      {"int2vector", "JSON"},
      // Domains: like their base types, whose limits they may set.
      {"small", "DECIMAL(8,2)"},
      {"smaller", "DECIMAL(8,2)"},
      {"numbers", "JSON"},
      {"tags", "JSON"},
      // Types without a binary form, alone and within others.
      {"aclitem", "STRING, copied as text, logged as text"},
      {"acl", "STRING, copied as text, logged as text"},
      {"isbn", "STRING, copied as text, logged as text"},
      {"gtsvector", "STRING, copied as text, logged as text"},
      {"aclitems", "JSON, copied as json, breaks the stream"},
      {"holds_acl", "JSON, copied as json, breaks the stream"},
      {"isbns", "JSON, copied as json, breaks the stream"},
      // A binary form that is unknown.
      {"odd", "STRING, copied as text, read again"},
      {"odds", "JSON, copied as json, read again"},
      // An enum is sent as its label; but within an array, to_jsonb calls a cast that the database
      // may define.
      {"shade", "STRING"},
      {"shades", "JSON, copied as json, read again"},
  };
  TypeCatalog catalog = GoldenCatalog();
  std::size_t found = 0;
  for (const auto& line : ReadCopyText("columns.txt")) {
    const auto column =
        catalog.Column(static_cast<std::uint32_t>(std::stoul(line[1])), std::stoi(line[2]));
    ASSERT_TRUE(column.ok()) << column.status();
    const auto entry = expected.find(line[0]);
    EXPECT_EQ(Described(*column), entry == expected.end() ? "STRING" : entry->second) << line[0];
    if (entry != expected.end()) ++found;
    const Kind copied = column->copied->kind;
    if (column->copy_form == CopyForm::kPlain) {
      EXPECT_EQ(column->copied, column->logged) << line[0];
    } else {
      EXPECT_EQ(copied, column->type == DataType::JSON ? Kind::kJsonb : Kind::kText) << line[0];
    }
  }
  EXPECT_EQ(found, expected.size());
}

TEST(ColumnTypeTest, LimitsAreSetOnAColumnThatHasThem) {
  fivetran_sdk::v2::Column column;
  ColumnType{.type = DataType::DECIMAL, .precision = 12, .scale = 2}.SetOn(column);
  EXPECT_EQ(column.type(), DataType::DECIMAL);
  EXPECT_EQ(column.params().decimal().precision(), 12u);
  EXPECT_EQ(column.params().decimal().scale(), 2u);
  fivetran_sdk::v2::Column other;
  ColumnType{.type = DataType::DECIMAL}.SetOn(other);
  EXPECT_FALSE(other.has_params());
}

TEST(CopyExpressionTest, AsksForWhatTheColumnIsReadAs) {
  EXPECT_EQ(CopyExpression(CopyForm::kPlain, "\"a b\""), "\"a b\"");
  EXPECT_EQ(CopyExpression(CopyForm::kAsText, "\"a b\""),
            "CASE WHEN \"a b\" IS DISTINCT FROM NULL THEN pg_catalog.format('%s', \"a b\") END");
  EXPECT_EQ(CopyExpression(CopyForm::kAsJson, "\"a b\""), "pg_catalog.to_jsonb(\"a b\")");
}

TEST(BuiltinTypesTest, AreWhatTheServerSaysOfThem) {
  std::map<std::uint32_t, TypeFacts> server;
  for (const TypeFacts& facts : GoldenFacts()) server[facts.oid] = facts;
  const auto builtins = BuiltinTypes();
  EXPECT_GT(builtins.size(), 100u);
  for (const TypeFacts& builtin : builtins) {
    ASSERT_TRUE(server.contains(builtin.oid)) << builtin.name;
    const TypeFacts& facts = server[builtin.oid];
    EXPECT_EQ(builtin.name, facts.name);
    EXPECT_EQ(builtin.type, facts.type) << builtin.name;
    EXPECT_EQ(builtin.array, facts.array) << builtin.name;
    EXPECT_EQ(builtin.inner, facts.inner) << builtin.name;
    EXPECT_EQ(builtin.delimiter, facts.delimiter) << builtin.name;
    EXPECT_EQ(builtin.send.empty(), facts.send.empty()) << builtin.name;
  }
}

TEST(TypeCatalogTest, ServersOwnTypesNeedNoQuery) {
  TypeCatalog catalog;
  EXPECT_TRUE(catalog.Missing({16, 25, 1700, 1231, 3904, 6150, 22}).empty());
  EXPECT_TRUE(catalog.Column(1700, -1).ok());
}

TEST(TypeCatalogTest, AsksForWhatATypeIsMadeOfUntilNothingIsMissing) {
  const std::uint32_t wanted = GoldenType("_nested").oid;
  TypeCatalog catalog;
  std::map<std::uint32_t, TypeFacts> server;
  for (const TypeFacts& facts : GoldenFacts()) server[facts.oid] = facts;
  EXPECT_EQ(catalog.Missing({wanted, wanted}), std::vector<std::uint32_t>{wanted});
  EXPECT_EQ(catalog.Column(wanted, -1).status().code(), absl::StatusCode::kNotFound);
  std::size_t rounds = 0;
  for (auto missing = catalog.Missing({wanted}); !missing.empty();
       missing = catalog.Missing({wanted})) {
    for (const std::uint32_t oid : missing) catalog.Add(server.at(oid));
    ++rounds;
  }
  // One round each for the array, the composite type, its fields, and the elements of fields that
  // are arrays.
  EXPECT_LE(rounds, 4u);
  const auto column = catalog.Column(wanted, -1);
  ASSERT_TRUE(column.ok());
  EXPECT_EQ(Described(*column), "JSON");
  EXPECT_EQ(column->copied->parts[0].plan->parts.size(), GoldenType("nested").fields.size());
}

TEST(TypeCatalogTest, ATypeThatIsGoneIsReadAsText) {
  TypeCatalog catalog;
  catalog.AddGone(70'000);
  EXPECT_TRUE(catalog.Missing({70'000}).empty());
  const auto column = catalog.Column(70'000, -1);
  ASSERT_TRUE(column.ok());
  EXPECT_EQ(Described(*column), "STRING, copied as text, logged as text");
}

TEST(TypeCatalogTest, AnAlteredCompositeIsAskedForAgain) {
  const TypeFacts& pair = GoldenType("pair");
  TypeCatalog catalog;
  catalog.Add(pair);
  const auto before = catalog.Column(pair.oid, -1);
  catalog.ForgetUserTypes();
  EXPECT_EQ(catalog.Missing({pair.oid, 23}), std::vector<std::uint32_t>{pair.oid});
  TypeFacts altered = pair;
  altered.fields.push_back({.name = "more", .type = 23});
  catalog.Add(altered);
  const auto after = catalog.Column(pair.oid, -1);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(before->copied->parts.size() + 1, after->copied->parts.size());
}

TEST(TypeCatalogTest, CompositesHaveTheirKeysInTheOrderOfJsonb) {
  TypeCatalog catalog = GoldenCatalog();
  const auto column = catalog.Column(GoldenType("nested").oid, -1);
  ASSERT_TRUE(column.ok());
  std::string keys;
  for (const std::uint32_t at : column->copied->json_order) {
    keys += column->copied->parts[at].json_key;
  }
  EXPECT_EQ(keys, R"("h""j""m""p""t""x""jb""ps""moods")");
}

TypeFacts Composite(std::uint32_t oid, std::vector<TypeFacts::Field> fields) {
  TypeFacts facts;
  facts.oid = oid;
  facts.name = "c" + std::to_string(oid);
  facts.type = 'c';
  facts.send = "record_send";
  facts.fields = std::move(fields);
  return facts;
}

TEST(TypeCatalogTest, TypesThatContainThemselvesAreReadAsTheServerSaysThem) {
  TypeCatalog catalog;
  std::vector<TypeFacts::Field> many(1600, {.name = "f", .type = 20'001});
  catalog.Add(Composite(20'000, many));
  many.assign(1600, {.name = "f", .type = 20'000});
  catalog.Add(Composite(20'001, many));
  TypeFacts domain;
  domain.oid = 20'002;
  domain.type = 'd';
  domain.inner = 20'002;
  domain.send = "send";
  catalog.Add(domain);
  EXPECT_TRUE(catalog.Missing({20'000, 20'002}).empty());
  for (const std::uint32_t oid : {20'000u, 20'001u}) {
    const auto column = catalog.Column(oid, -1);
    ASSERT_TRUE(column.ok());
    EXPECT_EQ(column->copy_form, CopyForm::kAsJson);
  }
  const auto column = catalog.Column(20'002, -1);
  ASSERT_TRUE(column.ok());
  EXPECT_EQ(column->copy_form, CopyForm::kAsText);
}

TEST(TypeCatalogTest, TypesWithinEachOtherBeyondTheBoundAreReadAsTheServerSaysThem) {
  TypeCatalog catalog;
  constexpr std::uint32_t kFirst = 20'000;
  constexpr std::uint32_t kDepth = limits::kPostgresqlTypeDepth;
  for (std::uint32_t at = 0; at < 2 * kDepth; ++at) {
    catalog.Add(Composite(kFirst + at, {{.name = "f", .type = at == 0 ? 23 : kFirst + at - 1}}));
  }
  const auto deep = catalog.Column(kFirst + 2 * kDepth - 1, -1);
  ASSERT_TRUE(deep.ok());
  EXPECT_EQ(deep->copy_form, CopyForm::kAsJson);
  TypeCatalog other;
  for (std::uint32_t at = 0; at < kDepth - 1; ++at) {
    other.Add(Composite(kFirst + at, {{.name = "f", .type = at == 0 ? 23 : kFirst + at - 1}}));
  }
  const auto within = other.Column(kFirst + kDepth - 2, -1);
  ASSERT_TRUE(within.ok());
  EXPECT_EQ(within->copy_form, CopyForm::kPlain);
}

}  // namespace
}  // namespace tributary::postgresql
