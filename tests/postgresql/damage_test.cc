// A server whose disk returns damaged pages: their table is put aside with a Warning, the others
// go on, no row that cannot be read is deleted, and once the pages are mended the destination
// equals the source.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/compare_scene.h"

namespace tributary::postgresql_test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using tests::SyncOutcome;

class Damage : public SyncScene {
 protected:
  std::string Ask(const std::string& sql) { return Server().Ask(sql, database_.name()); }
  // The page is damaged during one sync only. The sync must name table t, and go on with the
  // others.
  SyncOutcome SyncWithDamage(const std::string& relation, int block) {
    const std::string file = Ask("SELECT pg_relation_filepath(" + relation + ")");
    const auto write = [&](const std::string& page) {
      EXPECT_TRUE(Server().Stop().ok());
      const auto before = Server().ReplaceBlock(file, block, page);
      EXPECT_TRUE(before.ok()) << before.status();
      EXPECT_TRUE(Server().Start().ok());
      return before.value_or("");
    };
    const std::string page = write(std::string(tests::PostgresServer::kBlockBytes, '\xFF'));
    const SyncOutcome outcome = GoodSync();
    EXPECT_THAT(outcome.warnings(),
                Contains(AllOf(HasSubstr("public.t: put aside"), HasSubstr("invalid page"))))
        << outcome.text;
    ExpectEqual("other", {"id", "v"});
    write(page);
    return outcome;
  }
  void MakeTables() {
    std::filesystem::remove(dir_ / "state.json");
    std::filesystem::remove(dir_ / "warehouse.db");
    database_.Run(
        "DROP TABLE IF EXISTS t, other; CREATE TABLE t (id int PRIMARY KEY, v text, big text);"
        "ALTER TABLE t ALTER big SET STORAGE EXTERNAL; INSERT INTO t SELECT i, 'v', "
        "repeat(md5(i::text), 90) FROM generate_series(1, 1000) i;"
        "CREATE TABLE other (id int PRIMARY KEY, v text); INSERT INTO other VALUES (1, 'a')");
  }
};

constexpr char kHeap[] = "'t'";
constexpr char kToast[] = "(SELECT reltoastrelid FROM pg_class WHERE oid = 't'::regclass)";
constexpr char kIndex[] = "'t_pkey'";

TEST_F(Damage, OfATableThatIsReadPutsItAsideAndTheOthersGoOn) {
  const struct {
    const char* situation;
    bool compares;
    const char* relation;
    int block;
  } kCases[] = {
      {"its rows, copied", false, kHeap, 1},
      {"its large values, copied", false, kToast, 1},
      {"its rows, compared", true, kHeap, 1},
      {"its large values, compared", true, kToast, 1},
      {"its key's index, compared", true, kIndex, 1},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.situation);
    MakeTables();
    Configure(one.compares ? CompareConfiguration(database_.name())
                           : ConfigurationOf(database_.name()));
    // In its first sync, and when the destination has its rows.
    for (int i = 0; i < (one.compares ? 2 : 1); ++i) {
      database_.Run("UPDATE t SET v = v || 'x' WHERE id % 7 = 0; UPDATE other SET v = v || 'x'");
      const SyncOutcome outcome = SyncWithDamage(one.relation, one.block);
      EXPECT_EQ(outcome.Count("deletes"), 0u) << outcome.text;
      EXPECT_EQ(outcome.TableCount("public.t", "truncates"), i == 0 ? 1u : 0u) << outcome.text;
      GoodSync();
      ExpectEqual("t", {"id", "v", "big"});
    }
  }
}

TEST_F(Damage, OfARowThatTheLogLacksPutsItsTableAsideAndTheOthersGoOn) {
  MakeTables();
  GoodSync();
  // Its large value is not in the log. So under its new key the row is read again.
  database_.Run("UPDATE t SET id = -1 WHERE id = 1; UPDATE other SET v = 'b'");
  const std::string block = Ask("SELECT (ctid::text::point)[0]::int FROM t WHERE id = -1");
  SyncWithDamage(kHeap, std::stoi(block));
  database_.Run("UPDATE other SET v = 'c'; UPDATE t SET v = 'after' WHERE id = 2");
  GoodSync();
  ExpectEqual("t", {"id", "v", "big"});
  ExpectEqual("other", {"id", "v"});
}

}  // namespace
}  // namespace tributary::postgresql_test
