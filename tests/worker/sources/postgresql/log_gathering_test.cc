#include "worker/sources/postgresql/log_gathering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace tributary::postgresql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Begin(char transaction) {
  return "B" + std::string(16, '\0') + std::string(3, '\0') + transaction;
}
std::string Commit() { return "C" + std::string(25, '\0'); }

void Add(LogGathering& gathered, const std::string& payload, Lsn start = 7) {
  gathered.Add({.type = ReplicationMessage::Type::kLogData, .start = start, .payload = payload});
}

TEST(LogGathering, GivesMessagesInTheirOrderAndKnowsTheTransactionsThatAreLeft) {
  LogGathering gathered;
  for (const char transaction : {'\1', '\2', '\3'}) {
    Add(gathered, Begin(transaction));
    Add(gathered, "I" + std::string(1, transaction), 100);
    Add(gathered, Commit());
  }
  EXPECT_THAT(gathered.transactions_left(), ElementsAre(1, 2, 3));
  EXPECT_EQ(gathered.Take()->payload, Begin(1));
  EXPECT_THAT(gathered.transactions_left(), ElementsAre(2, 3));
  const auto change = gathered.Take();
  EXPECT_EQ(change->payload, "I\x01");
  EXPECT_EQ(change->start, 100u);
  EXPECT_EQ(gathered.Take()->payload, Commit());
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(gathered.Take().has_value());
  EXPECT_FALSE(gathered.Take().has_value());
  EXPECT_THAT(gathered.transactions_left(), IsEmpty());
}

TEST(LogGathering, IsFullAtItsBoundAndEmptyOnceAllIsTaken) {
  LogGathering gathered;
  Add(gathered, Begin(1));
  std::size_t changes = 0;
  for (; !gathered.full(); ++changes) Add(gathered, "I" + std::string(999, 'x'));
  EXPECT_LE(changes, LogGathering::kMostBytes / 1000 + 1);
  while (gathered.Take().has_value()) {
  }
  Add(gathered, Commit());
  EXPECT_FALSE(gathered.full());
  EXPECT_EQ(gathered.Take()->payload, Commit());
  EXPECT_FALSE(gathered.Take().has_value());
}

TEST(LogGathering, KeepsWhatIsCutOffForTheParserToRefuse) {
  LogGathering gathered;
  Add(gathered, "B");
  Add(gathered, "");
  EXPECT_THAT(gathered.transactions_left(), IsEmpty());
  EXPECT_EQ(gathered.Take()->payload, "B");
  EXPECT_EQ(gathered.Take()->payload, "");
}

}  // namespace
}  // namespace tributary::postgresql
