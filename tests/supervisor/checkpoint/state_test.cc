#include "supervisor/checkpoint/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/supervisor/checkpoint/sample_states.h"

namespace tributary {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST(State, NoStateInEveryFormIsAFirstSync) {
  for (const char* text : {"", " ", "\n\t \r\n", "{}", " { } ", "{\n}\n"}) {
    const absl::StatusOr<State> state = ParseState(text);
    ASSERT_TRUE(state.ok()) << '"' << text << "\": " << state.status();
    EXPECT_TRUE(state->first_sync()) << '"' << text << '"';
    EXPECT_EQ(*state, State{});
  }
  EXPECT_EQ(SerializeState(State{}), "{}");
}

TEST(State, ComesBackAsItWasWritten) {
  for (const State& state : {SmallState(), CopyingState(), CompleteState(), LogState(),
                             HostileState(), StateOfLiveTables(300), StateOfTablesBesideLog(300)}) {
    const std::string text = SerializeState(state);
    const absl::StatusOr<State> back = ParseState(text);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_FALSE(back->first_sync());
    EXPECT_EQ(*back, state);
    EXPECT_EQ(SerializeState(*back), text);
    EXPECT_EQ(json::parse(text).dump().size(), text.size()) << "it has no unnecessary bytes";
  }
}

TEST(State, TextDoesNotDependOnTheOrderInWhichTablesCame) {
  const State state = CopyingState();
  State other = state;
  other.tables.clear();
  for (auto table = state.tables.rbegin(); table != state.tables.rend(); ++table) {
    other.tables.insert(*table);
  }
  EXPECT_EQ(SerializeState(other), SerializeState(state));
}

TEST(State, MembersMayComeInAnyOrder) {
  const std::string text = SerializeState(CopyingState());
  const nlohmann::ordered_json parsed = nlohmann::ordered_json::parse(text);
  nlohmann::ordered_json reversed;
  for (auto member = parsed.rbegin(); member != parsed.rend(); ++member) {
    reversed[member.key()] = member.value();
  }
  ASSERT_NE(reversed.dump(), text);
  const absl::StatusOr<State> back = ParseState(reversed.dump(2));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, CopyingState());
}

TEST(State, UnknownMembersAreIgnoredAtEveryLevel) {
  json text = json::parse(SerializeState(CopyingState()));
  const json unknown = {{"version", 99}, {"a", {1, json::array({nullptr, true, -1.5, "x"})}}};
  text["log"] = unknown;
  text["source"]["host"] = unknown;
  for (auto& [name, table] : text["tables"]["main"].items()) table["compare"] = unknown;
  const absl::StatusOr<State> back = ParseState(text.dump());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, CopyingState());
}

TEST(State, CopyingTableWithoutDoneHasNothingDone) {
  json text = json::parse(SerializeState(CopyingState()));
  text["tables"]["main"]["orders"].erase("done");
  const absl::StatusOr<State> back = ParseState(text.dump());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->tables.at({"main", "orders"}).done, DoneRanges());
}

TEST(State, CompleteCountsOnlyBesideAllTheTablesThatItIsSaidOf) {
  const json whole = json::parse(SerializeState(CompleteState()));
  ASSERT_EQ(ParseState(whole.dump())->complete, "9:3");
  const auto complete_of = [](const json& text) {
    const absl::StatusOr<State> state = ParseState(text.dump());
    EXPECT_TRUE(state.ok()) << state.status();
    return state.ok() ? state->complete : "";
  };
  std::vector<json> less(6, whole);
  less[0]["tables"]["main"].erase("customers");
  less[1]["tables"].clear();
  less[2].erase("complete");
  less[3]["tables"]["main"]["customers"] = {
      {"copying", "copy"}, {"columns", "fedcba9876543210"}, {"content", "9:3"}};
  less[4]["tables"]["main"]["customers"].erase("content");
  less[5]["tables"]["main"]["more"] = whole["tables"]["main"]["customers"];
  for (const json& text : less) EXPECT_EQ(complete_of(text), "") << text;
}

TEST(State, StagingKeyMayBeAbsent) {
  State state = SmallState();
  state.staging_key.clear();
  const std::string text = SerializeState(state);
  EXPECT_THAT(text, Not(HasSubstr("staging_key")));
  const absl::StatusOr<State> back = ParseState(text);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, state);
}

TEST(State, AContentSharedByManyTablesIsWrittenOnce) {
  const json text = json::parse(SerializeState(StateOfLiveTables(50)));
  EXPECT_EQ(text["contents"].size(), 1u);
  EXPECT_EQ(text["tables"]["main"].size(), 50u);
}

TEST(State, AContentOfOneTableIsWrittenThere) {
  const json text = json::parse(SerializeState(StateOfLogTables(50)));
  EXPECT_FALSE(text.contains("contents"));
  EXPECT_EQ(text["tables"]["main"]["customer_order_item_00000"]["content"], "0000000000");
}

TEST(State, WhatOnlyACopyHasIsNotWrittenOfALiveTable) {
  State state = SmallState();
  const TableState live = state.tables[{"main", "t"}] = Live("1");
  TableState& table = state.tables[{"main", "t"}];
  table = CopyingBesideLog("1");
  table.phase = live.phase;
  table.method = live.method;
  table.columns = live.columns;
  EXPECT_EQ(ParseState(SerializeState(state))->tables.at({"main", "t"}), live);
}

TEST(State, LargestPositionSurvives) {
  State state = SmallState();
  state.position = limits::kMaxPosition;
  const absl::StatusOr<State> back = ParseState(SerializeState(state));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->position, limits::kMaxPosition);
}

// Writes the state within `most_bytes`, and reads it. Times are recorded, not checked.
void ExpectTenThousandWithin(const State& state, std::size_t most_bytes) {
  const auto start = std::chrono::steady_clock::now();
  const std::string text = SerializeState(state);
  const auto written = std::chrono::steady_clock::now();
  const absl::StatusOr<State> back = ParseState(text);
  const auto read = std::chrono::steady_clock::now();
  EXPECT_EQ(state.tables.size(), 10000u);
  EXPECT_LE(text.size(), most_bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, state);
  const auto microseconds = [](auto span) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(span).count());
  };
  testing::Test::RecordProperty(
      "figures", absl::StrCat(text.size() >> 10, " KiB, written in ", microseconds(written - start),
                              " µs and read in ", microseconds(read - written), " µs"));
}

TEST(State, TenThousandLiveTablesTakeAtMostOneMebibyte) {
  ExpectTenThousandWithin(StateOfLiveTables(10000), limits::kMiB);
}

TEST(State, TenThousandComparedTablesFitInOneMebibyteAndAQuarter) {
  ExpectTenThousandWithin(StateOfComparedTables(10000), limits::kMiB + limits::kMiB / 4);
}

TEST(State, TenThousandLiveTablesThatALogFollowsTakeAtMostOneMebibyte) {
  ExpectTenThousandWithin(StateOfLogTables(10000), limits::kMiB);
}

TEST(State, TenThousandTablesThatAreCopiedBesideALogTakeAtMostThreeMebibytes) {
  ExpectTenThousandWithin(StateOfTablesBesideLog(10000), 3 * limits::kMiB);
}

TEST(StateDeathTest, WhatCouldNotBeReadBackIsNotWritten) {
  State state = SmallState();
  state.source.identity = "\xff";
  EXPECT_DEATH(SerializeState(state), "");
  state = SmallState();
  state.position = limits::kMaxPosition + 1;
  EXPECT_DEATH(SerializeState(state), "");
  state = SmallState();
  state.staging_key = "short";
  EXPECT_DEATH(SerializeState(state), "");
  state = SmallState();
  state.epoch = "short";
  EXPECT_DEATH(SerializeState(state), "");
}

}  // namespace
}  // namespace tributary
