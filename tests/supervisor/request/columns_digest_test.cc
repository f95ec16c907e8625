#include "supervisor/request/columns_digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tributary {
namespace {

using fivetran_sdk::v2::Column;
using Columns = google::protobuf::RepeatedPtrField<Column>;

Column OneColumn(const std::string& name, fivetran_sdk::v2::DataType type, bool key) {
  Column column;
  column.set_name(name);
  column.set_type(type);
  column.set_primary_key(key);
  return column;
}

Columns TwoColumns() {
  Columns columns;
  *columns.Add() = OneColumn("id", fivetran_sdk::v2::LONG, true);
  *columns.Add() = OneColumn("price", fivetran_sdk::v2::DECIMAL, false);
  columns.Mutable(1)->mutable_params()->mutable_decimal()->set_precision(10);
  columns.Mutable(1)->mutable_params()->mutable_decimal()->set_scale(2);
  return columns;
}

TEST(ColumnsDigest, IsFixedSinceStatesKeepIt) {
  // Six digits for the key's columns, then ten digits for all columns.
  EXPECT_EQ(ColumnsDigest(TwoColumns()), "7b26d512291df2ed");
}

TEST(ColumnsDigest, TellsWhetherTheKeyIsTheSame) {
  const Columns columns = TwoColumns();
  Columns other = columns;
  other[other[0].primary_key() ? 1 : 0].set_name("another");
  EXPECT_NE(ColumnsDigest(other), ColumnsDigest(columns));
  EXPECT_TRUE(SameKey(ColumnsDigest(other), ColumnsDigest(columns)));
  other = columns;
  for (auto& column : other) column.set_primary_key(!column.primary_key());
  EXPECT_FALSE(SameKey(ColumnsDigest(other), ColumnsDigest(columns)));
}

TEST(ColumnsDigest, DoesNotDependOnTheOrderOfColumns) {
  const Columns columns = TwoColumns();
  EXPECT_EQ(ColumnsDigest(std::vector<const Column*>{&columns[1], &columns[0]}),
            ColumnsDigest(columns));
}

TEST(ColumnsDigest, ChangesWithEverythingThatChangesWhatIsSent) {
  std::vector<Columns> variants(9, TwoColumns());
  variants[1].Mutable(0)->set_name("id2");
  variants[2].Mutable(0)->set_type(fivetran_sdk::v2::STRING);
  variants[3].Mutable(1)->set_primary_key(true);
  variants[4].Mutable(1)->mutable_params()->mutable_decimal()->set_precision(11);
  variants[5].Mutable(1)->mutable_params()->mutable_decimal()->set_scale(3);
  variants[6].Mutable(1)->mutable_params()->set_string_byte_length(10);
  variants[7].Mutable(1)->clear_params();
  variants[8].RemoveLast();
  std::vector<std::string> digests;
  for (const Columns& columns : variants) digests.push_back(ColumnsDigest(columns));
  digests.push_back(ColumnsDigest(variants[0], {{"id", 1}}));
  digests.push_back(ColumnsDigest(variants[0], {{"id", 2}}));
  std::sort(digests.begin(), digests.end());
  EXPECT_EQ(std::adjacent_find(digests.begin(), digests.end()), digests.end());
}

}  // namespace
}  // namespace tributary
