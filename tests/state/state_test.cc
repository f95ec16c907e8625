#include "supervisor/checkpoint/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/limits.h"
#include "tests/state/sample_states.h"

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
  for (const State& state :
       {SmallState(), CopyingState(), HostileState(), StateOfLiveTables(300)}) {
    const std::string text = SerializeState(state);
    const absl::StatusOr<State> back = ParseState(text);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_FALSE(back->first_sync());
    EXPECT_EQ(*back, state);
    EXPECT_EQ(SerializeState(*back), text);
    EXPECT_EQ(json::parse(text).dump().size(), text.size()) << "it has no idle bytes";
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
  less[2].erase("complete_tables");
  less[3]["tables"]["main"]["customers"]["phase"] = "copying";
  less[4]["tables"]["main"]["customers"].erase("version");
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

TEST(State, AVersionSharedByManyTablesIsWrittenOnce) {
  const json text = json::parse(SerializeState(StateOfLiveTables(50)));
  EXPECT_EQ(text["source_versions"].size(), 1u);
  EXPECT_EQ(text["tables"]["main"].size(), 50u);
}

TEST(State, LargestPositionSurvives) {
  State state = SmallState();
  state.position = limits::kMaxPosition;
  const absl::StatusOr<State> back = ParseState(SerializeState(state));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->position, limits::kMaxPosition);
}

TEST(State, TenThousandLiveTablesTakeAtMostOneMebibyte) {
  const State state = StateOfLiveTables(10000);
  const auto start = std::chrono::steady_clock::now();
  const std::string text = SerializeState(state);
  const auto written = std::chrono::steady_clock::now();
  const absl::StatusOr<State> back = ParseState(text);
  const auto read = std::chrono::steady_clock::now();
  EXPECT_LE(text.size(), limits::kMiB);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, state);
  const auto microseconds = [](auto span) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(span).count());
  };
  RecordProperty("bytes", static_cast<int>(text.size()));
  RecordProperty("write_microseconds", microseconds(written - start));
  RecordProperty("read_microseconds", microseconds(read - written));
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
