#include "supervisor/sync/remarks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace tributary::tests {
namespace {

TEST(Remarks, AreSentencesOfOneAndOfSeveral) {
  const struct {
    ColumnRemark::What what;
    std::optional<std::uint32_t> column;
    std::uint64_t values;
    std::string text;
  } kCases[] = {
      {ColumnRemark::LEFT_OUT, std::nullopt, 1,
       "main.t: 1 row was left out: it is larger than the 128 MiB that a message may have"},
      {ColumnRemark::LEFT_OUT, std::nullopt, 3,
       "main.t: 3 rows were left out: they are larger than the 128 MiB that a message may have"},
      {ColumnRemark::REPAIRED_UTF8, 1, 1,
       "main.t.text: 1 value held invalid UTF-8 and was sent with U+FFFD in its place"},
      {ColumnRemark::REPAIRED_UTF8, 1, 2,
       "main.t.text: 2 values held invalid UTF-8 and were sent with U+FFFD in its place"},
      {ColumnRemark::BLOB_AS_TEXT, 1, 1,
       "main.t.text: 1 value was a blob and was sent as text like x'0AFF'"},
      {ColumnRemark::BLOB_AS_TEXT, 1, 20,
       "main.t.text: 20 values were blobs and were sent as text like x'0AFF'"},
      {ColumnRemark::KEY_AS_LITERAL, 0, 1,
       "main.t.id: 1 key value is sent as an SQL literal, like CAST(x'4DFC' AS TEXT) for text that "
       "is not UTF-8, so that no two keys become one"},
      {ColumnRemark::KEY_AS_LITERAL, 0, 2,
       "main.t.id: 2 key values are sent as SQL literals, like CAST(x'4DFC' AS TEXT) for text that "
       "is not UTF-8, so that no two keys become one"},
  };
  TableToCopy table;
  table.name = {"main", "t"};
  table.columns.Add()->set_name("id");
  table.columns.Add()->set_name("text");
  State state;
  const Scheduler scheduler({table}, state);
  for (const auto& one : kCases) {
    Mark mark;
    ColumnRemark& remark = *mark.add_remarks();
    remark.set_what(one.what);
    remark.set_values(one.values);
    if (one.column.has_value()) remark.set_column(*one.column);
    EXPECT_TRUE(Remarks::IsPlausible(mark.remarks(), table)) << one.text;
    Remarks remarks;
    remarks.Add(0, mark.remarks());
    const auto texts = remarks.Take(scheduler);
    ASSERT_EQ(texts.size(), 1u) << one.text;
    EXPECT_EQ(texts.front().text, one.text);
    EXPECT_EQ(texts.front().table, 0u);
    EXPECT_TRUE(remarks.Take(scheduler).empty()) << "it is reported twice";
  }
}

}  // namespace
}  // namespace tributary::tests
