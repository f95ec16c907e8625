// The publication gets the tables that are to be followed, and no others, whatever other sessions
// have done to tables since the catalog was read.
#include "worker/sources/postgresql/log_publication.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "tests/process/processes.h"
#include "tests/worker/sources/postgresql/reading.h"

namespace tributary::postgresql {
namespace {

using postgresql_test::ConfigurationOf;
using postgresql_test::CountingPulse;
using postgresql_test::NewDatabase;
using postgresql_test::Server;

class Publication : public testing::Test {
 protected:
  Publication() {
    const auto settings = ReadSettings(ConfigurationOf(database_.name()));
    EXPECT_TRUE(settings.ok()) << settings.status();
    auto login = PreparedLogin::Make(settings->login, false);
    EXPECT_TRUE(login.ok()) << login.status();
    login_.emplace(*std::move(login));
    session_.emplace(*login_, pulse_, std::chrono::seconds(5), Session::Kind::kStatements);
    EXPECT_TRUE(session_->Open().ok());
  }
  std::string Ask(const std::string& sql) { return Server().Ask(sql, database_.name()); }
  // As the catalog has it now.
  PublishedTable Table(const std::string& name) {
    PublishedTable table{.oid = 0, .schema = "public", .table = name};
    EXPECT_TRUE(absl::SimpleAtoi(Ask("SELECT '" + name + "'::regclass::oid"), &table.oid));
    return table;
  }
  std::string Members() {
    return Ask(
        "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables "
        "WHERE pubname = 'tributary'");
  }

  NewDatabase database_;
  CountingPulse pulse_;
  std::optional<PreparedLogin> login_;
  std::optional<Session> session_;
};

TEST_F(Publication, GetsTheTablesThatAreStillWhatTheCatalogSaid) {
  const struct {
    const char* since;
    const char* members;
  } kCases[] = {
      {"SELECT 1", "a b"},
      {"DROP TABLE a", "b"},
      // Without a key: its UPDATE and DELETE would fail if it were published.
      {"DROP TABLE a; CREATE TABLE a (id int)", "b"},
      {"ALTER TABLE a RENAME TO c; CREATE TABLE a (id int)", "b"},
      {"CREATE SCHEMA other; ALTER TABLE a SET SCHEMA other", "b"},
      {"CREATE PUBLICATION tributary FOR TABLE a", "a b"},
      {"CREATE PUBLICATION tributary FOR TABLE a; DROP TABLE a; CREATE TABLE a (id int)", "b"},
      {"CREATE PUBLICATION tributary; DROP TABLE a; CREATE TABLE a (id int PRIMARY KEY);"
       "ALTER PUBLICATION tributary ADD TABLE a",
       "a b"},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.since);
    database_.Run(
        "DROP PUBLICATION IF EXISTS tributary; DROP TABLE IF EXISTS a, b, c;"
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)");
    const std::vector<PublishedTable> tables = {Table("a"), Table("b")};
    database_.Run(one.since);
    const absl::Status prepared = PreparePublication(*session_, "tributary", tables);
    EXPECT_TRUE(prepared.ok()) << prepared;
    EXPECT_EQ(Members(), one.members);
  }
}

// The session waits for the table's lock, and the name is another table's when it gets it.
TEST_F(Publication, DoesNotGetATableThatTakesTheNameWhileItIsAdded) {
  database_.Run("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)");
  const std::vector<PublishedTable> tables = {Table("a"), Table("b")};
  const auto other = Server().Connect(database_.name());
  ASSERT_TRUE(other.ok()) << other.status();
  ASSERT_TRUE((*other)->Execute("BEGIN; ALTER TABLE a RENAME TO c; CREATE TABLE a (id int)").ok());
  absl::Status prepared;
  std::thread preparing([&] { prepared = PreparePublication(*session_, "tributary", tables); });
  EXPECT_TRUE(tests::Eventually([this] {
    return Ask("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'a'::regclass") ==
           "1";
  }));
  EXPECT_TRUE((*other)->Execute("COMMIT").ok());
  preparing.join();
  EXPECT_TRUE(prepared.ok()) << prepared;
  EXPECT_EQ(Members(), "b");
}

}  // namespace
}  // namespace tributary::postgresql
