#include "supervisor/request/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/supervisor/request/setups.h"

namespace tributary {
namespace {

using Map = google::protobuf::Map<std::string, std::string>;

Map Configuration(const std::string& path) {
  Map configuration;
  configuration["source"] = "sqlite";
  configuration["database_path"] = path;
  return configuration;
}

std::string IdOf(const Map& configuration) {
  const absl::StatusOr<Connection> connection = ReadConnection(OnlySqlite(), configuration);
  EXPECT_TRUE(connection.ok()) << connection.status();
  return connection->id;
}

TEST(Connection, KnowsItsSourceAndHasAnIdFitForAFileName) {
  const absl::StatusOr<Connection> connection =
      ReadConnection(OnlySqlite(), Configuration("shop.db"));
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(connection->source, "sqlite");
  EXPECT_THAT(connection->id, testing::MatchesRegex("[0-9a-f]{32}"));
}

TEST(Connection, IdIsTheSameForTheSameDatabaseAndOtherwiseNot) {
  EXPECT_EQ(IdOf(Configuration("shop.db")), IdOf(Configuration("shop.db")));
  EXPECT_NE(IdOf(Configuration("shop.db")), IdOf(Configuration("shop.db2")));
  EXPECT_NE(IdOf(Configuration("a/shop.db")), IdOf(Configuration("b/shop.db")));
}

TEST(Connection, HasTheNameThatPeopleKnowTheDatabaseBy) {
  for (const auto& [path, name] :
       {std::pair("shop.db", "shop.db"), std::pair("sales/eu/shop.db", "shop.db")}) {
    const auto connection = ReadConnection(OnlySqlite(), Configuration(path));
    ASSERT_TRUE(connection.ok()) << connection.status();
    EXPECT_EQ(connection->database, name);
  }
}

TEST(Connection, IdIsFixedSinceStagingIsFoundByIt) {
  EXPECT_EQ(IdOf(Configuration("shop.db")), "789a750f61b81cbcb8895ed91de688d3");
}

TEST(Connection, ANameTellsConnectionsToOneDatabaseApart) {
  Map first = Configuration("shop.db");
  Map second = first;
  first["connection_name"] = "first";
  second["connection_name"] = "second";
  EXPECT_NE(IdOf(first), IdOf(second));
  EXPECT_NE(IdOf(first), IdOf(Configuration("shop.db")));
  second["connection_name"] = "";
  EXPECT_EQ(IdOf(second), IdOf(Configuration("shop.db")));
  second["connection_name"] = std::string(kMaxConnectionNameBytes + 1, 'n');
  EXPECT_THAT(std::string(ReadConnection(OnlySqlite(), second).status().message()),
              testing::HasSubstr("`connection_name`"));
}

TEST(Connection, OtherKeysDoNotChangeTheIdSoAPasswordCanBeChanged) {
  Map configuration = Configuration("shop.db");
  configuration["password"] = "secret";
  EXPECT_EQ(IdOf(configuration), IdOf(Configuration("shop.db")));
}

TEST(Connection, IdDependsOnTheEngineAndOnEachPartThatItNames) {
  const auto id_of = [](const Map& configuration) {
    const auto connection = ReadConnection(SqliteAndServer(), configuration);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return connection->id;
  };
  const auto server = [](const std::string& host, const std::string& database) {
    Map configuration;
    configuration["source"] = "server";
    configuration["host"] = host;
    configuration["database"] = database;
    return configuration;
  };
  EXPECT_EQ(id_of(server("a", "bc")), id_of(server("a", "bc")));
  EXPECT_NE(id_of(server("a", "bc")), id_of(server("ab", "c")));
  EXPECT_NE(id_of(server("shop.db", "")), id_of(Configuration("shop.db")));
}

TEST(Connection, PathsAreTakenAsTheyAreForOnlyAWorkerMayLookAtThem) {
  for (const std::string path : {"../../etc/passwd", "/proc/self/mem", " ", "наш.db", "a\nb"}) {
    EXPECT_TRUE(ReadConnection(OnlySqlite(), Configuration(path)).ok()) << path;
  }
  EXPECT_TRUE(
      ReadConnection(OnlySqlite(), Configuration(std::string(sqlite::kMaxDatabasePathBytes, 'p')))
          .ok());
}

}  // namespace
}  // namespace tributary
