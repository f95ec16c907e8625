// The crash loop's records: they detect a checkpoint that goes back, and assign rows to the right
// epoch.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/crash/checkpoint_record.h"
#include "tests/crash/row_account.h"

namespace tributary::tests {
namespace {

using Ranges = std::vector<std::pair<std::string, std::string>>;

std::string State(const std::string& epoch, std::uint64_t position, const std::string& phase,
                  const Ranges& done = {}) {
  nlohmann::json entry = {{phase, "copy"}, {"columns", "c"}, {"content", 0}};
  for (const auto& [from, to] : done) entry["done"].push_back({from, to});
  return nlohmann::json{{"epoch", epoch},
                        {"position", position},
                        {"contents", {"v"}},
                        {"tables", {{"main", {{"t", entry}}}}}}
      .dump();
}

absl::Status Check(const std::string& first, const std::vector<std::string>& states) {
  std::vector<LoggedCheckpoint> checkpoints;
  for (const std::string& state : states) checkpoints.push_back({state, 0});
  return CheckNeverBack(first, checkpoints, [](const std::string&) { return true; });
}

TEST(CheckpointRecordTest, ProgressIsNoFault) {
  EXPECT_EQ(Check("", {State("a", 1, "copying"), State("a", 5, "copying", {{"", "10"}}),
                       State("a", 9, "copying", {{"", "10"}, {"20", "30"}}),
                       State("b", 1, "copying", {{"", "30"}}), State("b", 2, "live")}),
            absl::OkStatus());
}

TEST(CheckpointRecordTest, WhatGoesBackIsFound) {
  const std::string half = State("a", 5, "copying", {{"", "10"}});
  EXPECT_FALSE(Check(half, {State("a", 4, "copying", {{"", "10"}})}).ok());
  EXPECT_FALSE(Check(half, {State("a", 6, "copying", {{"", "9"}})}).ok());
  EXPECT_FALSE(Check(half, {State("a", 6, "copying")}).ok());
  EXPECT_FALSE(Check(State("a", 5, "live"), {State("a", 6, "copying", {{"", "10"}})}).ok());
  EXPECT_FALSE(Check(half, {State("b", 1, "copying", {{"", "10"}}), half}).ok());
  EXPECT_FALSE(Check(half, {R"({"epoch": "a", "position": 6, "tables": {}})"}).ok());
  EXPECT_FALSE(Check("", {"no state"}).ok());
  EXPECT_FALSE(Check(half, {"{}"}).ok());
}

LoggedCheckpoint At(const std::string& epoch, std::uint64_t position, std::uint64_t rows) {
  return {State(epoch, position, "copying"), rows};
}

TEST(RowAccountTest, WhatTheLogSaysWasReadIsNotReplayed) {
  RowAccount rows;
  rows.Received("", {At("a", 1, 0), At("a", 5, 40)}, 100);
  rows.Logged("a", 100);
  EXPECT_EQ(rows.read(), 100u);
  EXPECT_EQ(rows.replayed(), 0u);
}

TEST(RowAccountTest, RowsBeforeTheFirstCheckpointOfAnotherEpochAreReplayed) {
  RowAccount rows;
  rows.Received("", {At("a", 1, 0), At("a", 5, 40)}, std::nullopt);
  rows.Logged("a", 70);
  rows.Received(At("a", 5, 0).state, {At("a", 5, 0), At("a", 9, 30), At("b", 1, 30)}, 80);
  rows.Logged("b", 60);
  EXPECT_EQ(rows.replayed(), 30u);
  // Ten rows of the second epoch had not reached its client.
  EXPECT_EQ(rows.read(), 70u + 60u);
}

TEST(RowAccountTest, EpochThatIsInNoLogHasTheRowsThatItsClientsGot) {
  RowAccount rows;
  // The client received fifty rows, the last ten after the checkpoint. Thirty rows after the
  // checkpoint are staged; the client of a second supervisor, which is killed too, gets twenty of
  // them.
  rows.Received("", {At("a", 1, 0), At("a", 5, 40)}, 50);
  EXPECT_EQ(rows.read(), 50u);
  rows.Received(At("a", 5, 0).state, {At("a", 5, 0), At("a", 6, 5)}, 20);
  EXPECT_EQ(rows.read(), 60u);
  EXPECT_EQ(rows.replayed(), 20u);
  rows.Received(At("a", 6, 0).state, {At("a", 6, 0), At("a", 9, 25), At("b", 1, 25)}, 125);
  EXPECT_EQ(rows.replayed(), 45u);
  EXPECT_EQ(rows.read(), 70u + 100u);
}

TEST(RowAccountTest, RowsOfEarlierEpochsAreReplayedAndNotRead) {
  RowAccount rows;
  rows.Received("", {At("a", 1, 0)}, 50);
  rows.Begin();
  rows.Logged("a", 60);
  rows.Received(At("a", 1, 0).state, {At("a", 1, 0), At("b", 1, 20)}, 25);
  EXPECT_EQ(rows.replayed(), 20u);
  EXPECT_EQ(rows.read(), 5u);
}

}  // namespace
}  // namespace tributary::tests
