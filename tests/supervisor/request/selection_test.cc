#include "supervisor/request/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/supervisor/request/catalogs.h"

namespace tributary {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Resolves selections with ShopCatalog.
class SelectionOfTheShop : public testing::Test {
 protected:
  Selected Resolve(const std::string& text) {
    const fivetran_sdk::v2::Selection request = SelectionOf(text);
    const absl::StatusOr<Selection> selection = Selection::Read(&request);
    EXPECT_TRUE(selection.ok()) << selection.status();
    return selection->Resolve(catalog_);
  }

  const Catalog catalog_ = ShopCatalog();
  const std::vector<std::string> everything_ = {"main.orders(id,customer,total)",
                                                "main.events(at,what)",
                                                "audit.lines(order,region,number,text)"};
};

TEST_F(SelectionOfTheShop, NoSelectionMeansEverything) {
  const Selected selected = Selection::Read(nullptr)->Resolve(catalog_);
  EXPECT_EQ(Synced(selected), everything_);
  EXPECT_THAT(selected.warnings, IsEmpty());
}

TEST_F(SelectionOfTheShop, ASelectionOfNeitherFormMeansEverything) {
  EXPECT_EQ(Synced(Resolve("")), everything_);
}

TEST_F(SelectionOfTheShop, ASchemaThatIsNotNamedFollowsIncludeNewSchemas) {
  EXPECT_EQ(Synced(Resolve("with_schema { include_new_schemas: true }")), everything_);
  const Selected none = Resolve("with_schema { include_new_schemas: false }");
  EXPECT_THAT(Synced(none), IsEmpty());
  EXPECT_THAT(none.warnings, IsEmpty()) << "everything deselected is fine";
  EXPECT_THAT(Synced(Resolve(R"(with_schema { include_new_schemas: true
                                  schemas { schema_name: "main" included: false } })")),
              ElementsAre("audit.lines(order,region,number,text)"));
}

TEST_F(SelectionOfTheShop, ATableThatIsNotNamedFollowsIncludeNewTables) {
  EXPECT_THAT(Synced(Resolve(R"(with_schema { schemas {
                  schema_name: "main" included: true include_new_tables: true
                  tables { table_name: "events" included: false } } })")),
              ElementsAre("main.orders(id,customer,total)"));
  EXPECT_THAT(Synced(Resolve(R"(with_schema { schemas {
                  schema_name: "main" included: true include_new_tables: false
                  tables { table_name: "events" included: true include_new_columns: true } } })")),
              ElementsAre("main.events(at,what)"));
}

TEST_F(SelectionOfTheShop, AnIncludedSchemaThatNamesNoTableHasOnlyNewOnes) {
  const Selected with = Resolve(
      R"(with_schema { schemas { schema_name: "audit" included: true include_new_tables: true } })");
  EXPECT_THAT(Synced(with), ElementsAre("audit.lines(order,region,number,text)"));
  const Selected without = Resolve(
      R"(with_schema { schemas { schema_name: "audit" included: true include_new_tables: false } })");
  EXPECT_THAT(Synced(without), IsEmpty());
  EXPECT_THAT(without.warnings, IsEmpty());
}

TEST_F(SelectionOfTheShop, AColumnThatIsNotNamedFollowsIncludeNewColumns) {
  const auto orders = [this](const std::string& columns) {
    return Resolve(R"(with_schema { schemas { schema_name: "main" included: true
                        tables { table_name: "orders" included: true )" +
                   columns + "} } }");
  };
  EXPECT_THAT(Synced(orders("include_new_columns: true columns { key: 'total' value: false }")),
              ElementsAre("main.orders(id,customer)"));
  const Selected named =
      orders("columns { key: 'id' value: true } columns { key: 'total' value: true }");
  EXPECT_THAT(Synced(named), ElementsAre("main.orders(id,total)"));
  EXPECT_THAT(named.warnings, IsEmpty());
}

TEST_F(SelectionOfTheShop, ColumnsStayInTheCatalogsOrder) {
  EXPECT_THAT(Synced(Resolve(R"(with_schema { schemas { schema_name: "audit" included: true
                  tables { table_name: "lines" included: true
                    columns { key: "text" value: true } columns { key: "order" value: true }
                    columns { key: "number" value: true } columns { key: "region" value: true }
                  } } })")),
              ElementsAre("audit.lines(order,region,number,text)"));
}

TEST_F(SelectionOfTheShop, AKeyColumnThatIsDeselectedIsSyncedAllTheSameWithAWarning) {
  const Selected selected = Resolve(R"(with_schema { schemas { schema_name: "audit" included: true
      tables { table_name: "lines" included: true include_new_columns: true
        columns { key: "region" value: false } columns { key: "text" value: false } } } })");
  EXPECT_THAT(Synced(selected), ElementsAre("audit.lines(order,region,number)"));
  EXPECT_THAT(selected.warnings, ElementsAre(AllOf(HasSubstr("audit.lines"), HasSubstr("region"),
                                                   HasSubstr("primary key"))));
}

TEST_F(SelectionOfTheShop, KeyColumnsThatAreNotNamedAreSyncedAllTheSameToo) {
  const Selected selected = Resolve(R"(with_schema { schemas { schema_name: "audit" included: true
      tables { table_name: "lines" included: true columns { key: "text" value: true } } } })");
  EXPECT_THAT(Synced(selected), ElementsAre("audit.lines(region,number,text)"));
  EXPECT_THAT(selected.warnings, ElementsAre(HasSubstr("region, number")));
}

TEST_F(SelectionOfTheShop, ATableWithoutAKeyWhoseColumnsAreAllDeselectedIsLeftOutWithAWarning) {
  const Selected selected = Resolve(R"(with_schema { schemas { schema_name: "main" included: true
      include_new_tables: true tables { table_name: "events" included: true } } })");
  EXPECT_THAT(Synced(selected), ElementsAre("main.orders(id,customer,total)"));
  EXPECT_THAT(selected.warnings,
              ElementsAre(AllOf(HasSubstr("main.events"), HasSubstr("left out"))));
}

TEST_F(SelectionOfTheShop, SelectedNamesThatAreNotInTheSourceWarnAndTheRestGoesOn) {
  const Selected selected = Resolve(R"(with_schema { include_new_schemas: true
      schemas { schema_name: "gone" included: true
                tables { table_name: "within_gone" included: true } }
      schemas { schema_name: "main" included: true include_new_tables: true
        tables { table_name: "missing" included: true }
        tables { table_name: "orders" included: true include_new_columns: true
                 columns { key: "vat" value: true } columns { key: "tip" value: true } } } })");
  EXPECT_EQ(Synced(selected), everything_);
  EXPECT_THAT(
      selected.warnings,
      testing::UnorderedElementsAre(
          AllOf(HasSubstr("Schema gone"), HasSubstr("not in the source")),
          AllOf(HasSubstr("main.missing"), HasSubstr("not in the source")),
          AllOf(HasSubstr("main.orders"), HasSubstr("tip, vat"), HasSubstr("not in the source"))));
}

TEST_F(SelectionOfTheShop, ExcludedNamesThatAreNotInTheSourceAreFine) {
  const Selected selected = Resolve(R"(with_schema { include_new_schemas: true
      schemas { schema_name: "gone" included: false }
      schemas { schema_name: "main" included: true include_new_tables: true
        tables { table_name: "missing" included: false }
        tables { table_name: "orders" included: true include_new_columns: true
                 columns { key: "vat" value: false } } } })");
  EXPECT_EQ(Synced(selected), everything_);
  EXPECT_THAT(selected.warnings, IsEmpty());
}

TEST_F(SelectionOfTheShop, WhatLiesInAnExcludedSchemaIsExcludedWhateverItsOwnAnswer) {
  const Selected selected = Resolve(R"(with_schema { schemas {
      schema_name: "main" included: false include_new_tables: true
      tables { table_name: "orders" included: true include_new_columns: true }
      tables { table_name: "missing" included: true } } })");
  EXPECT_THAT(Synced(selected), IsEmpty());
  EXPECT_THAT(selected.warnings, IsEmpty());
}

TEST_F(SelectionOfTheShop, EntriesThatSayTheSameTwiceAreOne) {
  const Selected selected = Resolve(R"(with_schema {
      schemas { schema_name: "main" included: true tables {
        table_name: "orders" included: true columns { key: "id" value: true } } }
      schemas { schema_name: "main" included: true tables {
        table_name: "orders" included: true columns { key: "total" value: true } } } })");
  EXPECT_THAT(Synced(selected), ElementsAre("main.orders(id,total)"));
  EXPECT_THAT(selected.warnings, IsEmpty());
}

TEST_F(SelectionOfTheShop, NamesAreComparedByteForByte) {
  const Selected selected = Resolve(R"(with_schema {
      schemas { schema_name: "Main" included: true include_new_tables: true } })");
  EXPECT_THAT(Synced(selected), IsEmpty());
  EXPECT_THAT(selected.warnings, ElementsAre(HasSubstr("Schema Main")));
}

TEST_F(SelectionOfTheShop, WarningsAreBoundedAndTheLastOneCountsTheRest) {
  fivetran_sdk::v2::Selection request;
  auto& main = *request.mutable_with_schema()->add_schemas();
  main.set_schema_name("main");
  main.set_included(true);
  main.set_include_new_tables(true);
  for (std::size_t i = 0; i < limits::kMaxSelectionWarnings + 50; ++i) {
    main.add_tables()->set_table_name(absl::StrCat("t", i));
    main.mutable_tables()->rbegin()->set_included(true);
  }
  const std::vector<std::string> warnings = Selection::Read(&request)->Resolve(catalog_).warnings;
  ASSERT_THAT(warnings, SizeIs(limits::kMaxSelectionWarnings));
  EXPECT_THAT(warnings.back(), HasSubstr("has 51 more"));
  main.mutable_tables()->DeleteSubrange(0, 50);
  const std::vector<std::string> fewer = Selection::Read(&request)->Resolve(catalog_).warnings;
  ASSERT_THAT(fewer, SizeIs(limits::kMaxSelectionWarnings));
  EXPECT_THAT(fewer.back(), HasSubstr("Table main.t")) << "as many as allowed are all shown";
}

TEST_F(SelectionOfTheShop, ANoteNamesTheSelectedTablesThatItIsAbout) {
  Catalog catalog;
  for (const auto& [name, note] : std::vector<std::pair<std::string, std::uint32_t>>{
           {"one", 1}, {"two", 2}, {"three", 2}, {"odd \"", 2}, {"none", 0}, {"out of range", 4}}) {
    AddTable(catalog, "main", name, {"*id"});
    catalog.mutable_tables(catalog.tables_size() - 1)->set_note(note);
  }
  for (const char* const text : {"first, for ", "second, for ", "third, for "}) {
    catalog.add_notes(text);
  }
  const auto request = SelectionOf(R"(with_schema { include_new_schemas: true
      schemas { schema_name: "main" included: true include_new_tables: true
        tables { table_name: "one" included: false }
        tables { table_name: "three" included: false } } })");
  EXPECT_THAT(Selection::Read(&request)->Resolve(catalog).warnings,
              ElementsAre(R"(second, for "main"."two", "main"."odd """)"));
}

TEST_F(SelectionOfTheShop, LongAndManyNamesMakeNoLongWarning) {
  fivetran_sdk::v2::Selection request;
  auto& main = *request.mutable_with_schema()->add_schemas();
  main.set_schema_name("main");
  main.set_included(true);
  auto& orders = *main.add_tables();
  orders.set_table_name("orders");
  orders.set_included(true);
  orders.set_include_new_columns(true);
  for (int i = 0; i < 5000; ++i) {
    std::string name = std::to_string(10000 + i);
    while (name.size() < 10 * limits::kMaxNameBytesInWarning) name += "€";
    (*orders.mutable_columns())[name] = true;
  }
  const std::vector<std::string> warnings = Selection::Read(&request)->Resolve(catalog_).warnings;
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_LT(warnings[0].size(),
            (limits::kMaxNamesInWarning + 3) * (limits::kMaxNameBytesInWarning + 16));
  EXPECT_THAT(warnings[0], AllOf(HasSubstr("10000€"), HasSubstr("4990 more"), HasSubstr("…")));
  fivetran_sdk::v2::Warning message;
  message.set_message(warnings[0]);
  EXPECT_TRUE(message.ParseFromString(message.SerializeAsString())) << "the text is not UTF-8";
}

TEST(LargeSelection, AHundredThousandEntriesAreEachFollowed) {
  constexpr int kTables = 100000;
  Catalog catalog;
  fivetran_sdk::v2::Selection request;
  auto& schema = *request.mutable_with_schema()->add_schemas();
  schema.set_schema_name("main");
  schema.set_included(true);
  for (int i = 0; i < kTables; ++i) {
    const std::string name = absl::StrCat("table_", i);
    AddTable(catalog, "main", name, {"*id", "value"});
    auto& table = *schema.add_tables();
    table.set_table_name(name);
    table.set_included(i % 2 == 0);
    table.set_include_new_columns(true);
  }
  const absl::StatusOr<Selection> selection = Selection::Read(&request);
  ASSERT_TRUE(selection.ok()) << selection.status();
  const Selected selected = selection->Resolve(catalog);
  ASSERT_THAT(selected.tables, SizeIs(kTables / 2));
  for (int i = 0; i < kTables / 2; ++i) {
    ASSERT_EQ(selected.tables[static_cast<std::size_t>(i)].table, &catalog.tables(2 * i));
  }
  EXPECT_THAT(selected.warnings, IsEmpty());
  EXPECT_THAT(selection->Digest(), SizeIs(16));
}

TEST(LargeSelection, AHundredThousandEntriesForOneTableAreOne) {
  constexpr int kEntries = 100000;
  Catalog catalog;
  AddTable(catalog, "main", "t", {"*id", "column_7", "other"});
  fivetran_sdk::v2::Selection request;
  auto& schema = *request.mutable_with_schema()->add_schemas();
  schema.set_schema_name("main");
  schema.set_included(true);
  for (int i = 0; i < kEntries; ++i) {
    auto& table = *schema.add_tables();
    table.set_table_name("t");
    table.set_included(true);
    (*table.mutable_columns())[absl::StrCat("column_", i)] = true;
    (*table.mutable_columns())["id"] = true;
  }
  const absl::StatusOr<Selection> selection = Selection::Read(&request);
  ASSERT_TRUE(selection.ok()) << selection.status();
  const Selected selected = selection->Resolve(catalog);
  EXPECT_THAT(Synced(selected), ElementsAre("main.t(id,column_7)"));
  EXPECT_THAT(selected.warnings, ElementsAre(HasSubstr("99989 more")));
}

// --- the digest ----------------------------------------------------------------

std::string DigestOf(const fivetran_sdk::v2::Selection& request) {
  const absl::StatusOr<Selection> selection = Selection::Read(&request);
  EXPECT_TRUE(selection.ok()) << selection.status();
  return selection->Digest();
}

constexpr char kBase[] = R"(with_schema {
    schemas { schema_name: "a" included: true include_new_tables: true
      tables { table_name: "t" included: true columns { key: "x" value: true }
               columns { key: "y" value: false } }
      tables { table_name: "u" included: false } }
    schemas { schema_name: "b" included: false } })";

TEST(SelectionDigest, DoesNotDependOnTheOrderOfEntries) {
  std::mt19937 random(1);
  const fivetran_sdk::v2::Selection base = SelectionOf(kBase);
  for (int i = 0; i < 50; ++i) {
    fivetran_sdk::v2::Selection other = base;
    auto& schemas = *other.mutable_with_schema()->mutable_schemas();
    for (auto& schema : schemas) {
      std::shuffle(schema.mutable_tables()->begin(), schema.mutable_tables()->end(), random);
    }
    std::shuffle(schemas.begin(), schemas.end(), random);
    EXPECT_EQ(DigestOf(other), DigestOf(base));
  }
}

TEST(SelectionDigest, IsFixedSinceStatesKeepIt) {
  EXPECT_EQ(Selection::Read(nullptr)->Digest(), "4cbbd8ca5215b8d1");
  EXPECT_EQ(DigestOf(SelectionOf(kBase)), "b28982969df3f5e4");
}

TEST(SelectionDigest, AbsentAndEverythingNewAreTheSame) {
  EXPECT_EQ(DigestOf(SelectionOf("with_schema { include_new_schemas: true }")),
            Selection::Read(nullptr)->Digest());
  EXPECT_EQ(DigestOf(SelectionOf("")), Selection::Read(nullptr)->Digest());
}

TEST(SelectionDigest, WhatLiesInTheExcludedDoesNotChangeIt) {
  EXPECT_EQ(DigestOf(SelectionOf(R"(with_schema {
    schemas { schema_name: "a" included: true include_new_tables: true
      tables { table_name: "t" included: true columns { key: "x" value: true }
               columns { key: "y" value: false } }
      tables { table_name: "u" include_new_columns: true columns { key: "x" value: true } } }
    schemas { schema_name: "b" include_new_tables: true tables { table_name: "t" } } })")),
            DigestOf(SelectionOf(kBase)));
}

TEST(SelectionDigest, ChangesWithEveryAnswer) {
  const char* others[] = {
      R"(with_schema { })",
      R"(with_schema { include_new_schemas: true })",
      R"(with_schema { schemas { schema_name: "a" included: true } })",
      R"(with_schema { schemas { schema_name: "a" included: false } })",
      R"(with_schema { schemas { schema_name: "b" included: true } })",
      R"(with_schema { schemas { schema_name: "a" included: true include_new_tables: true } })",
      R"(with_schema { schemas { schema_name: "a" included: true tables { table_name: "t" } } })",
      R"(with_schema { schemas { schema_name: "a" included: true
           tables { table_name: "t" included: true } } })",
      R"(with_schema { schemas { schema_name: "a" included: true
           tables { table_name: "t" included: true include_new_columns: true } } })",
      R"(with_schema { schemas { schema_name: "a" included: true
           tables { table_name: "t" included: true columns { key: "x" value: true } } } })",
      R"(with_schema { schemas { schema_name: "a" included: true
           tables { table_name: "t" included: true columns { key: "x" value: false } } } })",
      R"(with_schema { schemas { schema_name: "at" included: true } })",
      R"(with_schema { schemas { schema_name: "a" included: true }
                       schemas { schema_name: "t" included: true } })",
      kBase,
  };
  std::vector<std::string> digests;
  for (const char* other : others) digests.push_back(DigestOf(SelectionOf(other)));
  std::sort(digests.begin(), digests.end());
  EXPECT_EQ(std::adjacent_find(digests.begin(), digests.end()), digests.end());
}

}  // namespace
}  // namespace tributary
