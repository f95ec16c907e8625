#include "supervisor/request/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/limits.h"

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
  const absl::StatusOr<Connection> connection = ReadConnection(configuration);
  EXPECT_TRUE(connection.ok()) << connection.status();
  return connection->id;
}

TEST(Connection, KnowsItsSourceAndHasAnIdFitForAFileName) {
  const absl::StatusOr<Connection> connection = ReadConnection(Configuration("shop.db"));
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(connection->source, "sqlite");
  EXPECT_THAT(connection->id, testing::MatchesRegex("[0-9a-f]{32}"));
}

TEST(Connection, IdIsTheSameForTheSameDatabaseAndOtherwiseNot) {
  EXPECT_EQ(IdOf(Configuration("shop.db")), IdOf(Configuration("shop.db")));
  EXPECT_NE(IdOf(Configuration("shop.db")), IdOf(Configuration("shop.db2")));
  EXPECT_NE(IdOf(Configuration("a/shop.db")), IdOf(Configuration("b/shop.db")));
}

TEST(Connection, IdIsFixedSinceStagingIsFoundByIt) {
  EXPECT_EQ(IdOf(Configuration("shop.db")), "789a750f61b81cbcb8895ed91de688d3");
}

TEST(Connection, OtherKeysDoNotChangeTheIdSoAPasswordCanBeChanged) {
  Map configuration = Configuration("shop.db");
  configuration["password"] = "secret";
  EXPECT_EQ(IdOf(configuration), IdOf(Configuration("shop.db")));
}

TEST(Connection, PathsAreTakenAsTheyAreForOnlyAWorkerMayLookAtThem) {
  for (const std::string path : {"../../etc/passwd", "/proc/self/mem", " ", "наш.db", "a\nb"}) {
    EXPECT_TRUE(ReadConnection(Configuration(path)).ok()) << path;
  }
  EXPECT_TRUE(ReadConnection(Configuration(std::string(limits::kMaxDatabasePathBytes, 'p'))).ok());
}

}  // namespace
}  // namespace tributary
