// What a slice reports about itself: which life of the server its numbers belong to, and that its
// table is the requested one, for all slices of one connection.
#include "worker/sources/postgresql/slice_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/process/processes.h"
#include "tests/worker/sources/postgresql/reading.h"
#include "worker/sources/postgresql/server_view.h"

namespace tributary::postgresql {
namespace {

using postgresql_test::Execute;
using postgresql_test::Ids;
using postgresql_test::NewDatabase;
using postgresql_test::Outcome;
using postgresql_test::Reading;
using postgresql_test::Server;

std::string LifeOf(const std::string& database) {
  return Server().Ask(absl::StrCat("SELECT ", kLifeSql), database);
}

// Kills one server process. The server then ends all its other processes, and restarts by itself.
void KillOneProcess(const std::string& database) {
  const auto session = Server().Connect(database);
  ASSERT_TRUE(session.ok()) << session.status();
  const std::string before = LifeOf(database);
  ASSERT_EQ(::kill((*session)->backend(), SIGKILL), 0);
  EXPECT_TRUE(tests::Eventually([&] {
    const std::string now = LifeOf(database);
    return now != before && now.substr(0, 8) == "timeline";
  }));
}

TEST(SliceView, EachSliceHasTheLifeOfTheServerThatItsSnapshotIsOf) {
  const NewDatabase database(
      "CREATE TABLE a (id integer PRIMARY KEY); INSERT INTO a VALUES (1);"
      "CREATE TABLE b (id integer PRIMARY KEY); INSERT INTO b VALUES (2), (3);"
      "CREATE ROLE ordinary LOGIN; GRANT SELECT ON a, b TO ordinary");
  // It may see less of the server's processes than a superuser.
  Reading reading(postgresql_test::ConfigurationOf(database.name(), "ordinary"));
  const CatalogTable a = reading.Table("a");
  const CatalogTable b = reading.Table("b");
  std::vector<std::string> lives;
  for (int round = 0; round < 3; ++round) {
    const std::string life = LifeOf(database.name());
    EXPECT_EQ(reading.Read(a).opened.life(), life);
    const Outcome second = reading.Read(b);
    EXPECT_EQ(second.opened.life(), life);
    EXPECT_EQ(Ids(second).size(), 2u);
    lives.push_back(life);
    if (round == 0) {
      ASSERT_TRUE(Server().Restart("immediate").ok());
    }
    if (round == 1) KillOneProcess(database.name());
  }
  EXPECT_NE(lives[0], lives[1]);
  EXPECT_NE(lives[1], lives[2]);
}

TEST(SliceView, ABrokenConnectionBetweenSlicesIsReplaced) {
  const NewDatabase database("CREATE TABLE a (id integer PRIMARY KEY); INSERT INTO a VALUES (1)");
  Reading reading(database.name());
  const CatalogTable a = reading.Table("a");
  for (int round = 0; round < 3; ++round) {
    const Outcome outcome = reading.Read(a);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE);
    EXPECT_EQ(outcome.opened.life(), LifeOf(database.name()));
    Execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
            database.name() + "'");
  }
}

TEST(SliceView, ATableIsKnownByItsNameHoweverThatIsWritten) {
  const NewDatabase database(
      "CREATE SCHEMA \"A b\"; CREATE TABLE \"A b\".\"it's \"\"odd\"\".\\ name\" (id integer "
      "PRIMARY KEY); INSERT INTO \"A b\".\"it's \"\"odd\"\".\\ name\" VALUES (1);"
      "CREATE TABLE \"select\" (id integer PRIMARY KEY); INSERT INTO \"select\" VALUES (2);"
      "CREATE TABLE public.pg_class (id integer PRIMARY KEY); INSERT INTO public.pg_class "
      "VALUES (3)");
  Reading reading(database.name());
  for (const char* const name : {"it's \"odd\".\\ name", "select", "pg_class"}) {
    SCOPED_TRACE(name);
    const Outcome outcome = reading.Read(reading.Table(name));
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(Ids(outcome).size(), 1u);
  }
}

TEST(SliceView, TablesThatHaveExchangedTheirNamesAreNotReadForEachOther) {
  const NewDatabase database(
      "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (id integer PRIMARY KEY);"
      "CREATE SCHEMA other; CREATE TABLE other.c (id integer CONSTRAINT other_c_pkey PRIMARY KEY);"
      "CREATE TABLE c (id integer PRIMARY KEY)");
  Reading reading(database.name());
  const std::vector<CatalogTable> tables = {reading.Table("a"), reading.Table("b")};
  CatalogTable c;
  const Catalog catalog = reading.Describe();
  for (const CatalogTable& table : catalog.tables()) {
    if (table.schema() == "public" && table.table() == "c") c = table;
  }
  EXPECT_TRUE(reading.Read(c).status.ok());
  database.Run(
      "ALTER TABLE a RENAME TO x; ALTER TABLE b RENAME TO a; ALTER TABLE x RENAME TO b;"
      "ALTER TABLE c RENAME TO d; ALTER TABLE other.c SET SCHEMA public");
  for (const CatalogTable& table : {tables[0], tables[1], c}) {
    const Outcome outcome = reading.Read(table);
    EXPECT_TRUE(absl::IsNotFound(outcome.status)) << outcome.status;
    EXPECT_TRUE(outcome.rows.empty());
  }
}

}  // namespace
}  // namespace tributary::postgresql
