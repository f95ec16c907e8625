// States that are wrong, newer, of another source or encrypted with another key, each with the
// answer that the error table gives; the connector goes on serving.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "common/limits.h"
#include "tests/bad_input/caller.h"
#include "tests/process/database.h"

namespace tributary::tests {
namespace {

namespace sdk = fivetran_sdk::v2;
using ::testing::HasSubstr;
using ::testing::SizeIs;

UpdateAnswer UpdateFrom(const std::string& state_json) {
  sdk::UpdateRequest request = Caller::Get().GoodUpdate();
  request.set_state_json(state_json);
  return Caller::Get().Update(request);
}

// A good state with one field replaced.
std::string With(const std::string& pointer, const nlohmann::json& value) {
  auto state = nlohmann::json::parse(Caller::Get().GoodState());
  state[nlohmann::json::json_pointer(pointer)] = value;
  return state.dump();
}

// A good state, padded to this many bytes.
std::string Padded(std::size_t bytes) {
  const std::string& good = Caller::Get().GoodState();
  return good + std::string(bytes - good.size(), ' ');
}

struct StateCase {
  const char* name;
  std::function<std::string()> state;
};

const std::vector<StateCase>& MalformedStates() {
  static const std::vector<StateCase> cases = {
      {"Truncated",
       [] {
         const std::string& good = Caller::Get().GoodState();
         return good.substr(0, good.size() / 2);
       }},
      {"OneByteShort",
       [] {
         const std::string& good = Caller::Get().GoodState();
         return good.substr(0, good.size() - 1);
       }},
      {"TrailingText", [] { return Caller::Get().GoodState() + "x"; }},
      {"NotJson", [] { return std::string("state"); }},
      {"AnArray", [] { return std::string("[]"); }},
      {"ANumber", [] { return std::string("1"); }},
      {"AText", [] { return std::string("\"{}\""); }},
      {"Null", [] { return std::string("null"); }},
      {"EmbeddedNul", [] { return std::string("{}\0{}", 5); }},
      {"Deep", [] { return std::string(100000, '[') + std::string(100000, ']'); }},
      {"DeepObjects",
       [] {
         std::string deep;
         for (int i = 0; i < 20000; ++i) deep += "{\"a\":";
         return deep;
       }},
      {"OverTheSizeLimit", [] { return Padded(limits::kMaxStateBytes + 1); }},
      {"NegativePosition", [] { return With("/position", -1); }},
      {"OverflowingPosition",
       [] {
         std::string state = With("/position", 7777);
         return state.replace(state.find("7777"), 4, "99999999999999999999999");
       }},
      {"FractionalPosition", [] { return With("/position", 1.5); }},
      {"PositionAsText", [] { return With("/position", "1"); }},
      {"VersionZero", [] { return With("/version", 0); }},
      {"VersionAsText", [] { return With("/version", "1"); }},
      {"SourceAsText", [] { return With("/source", "sqlite"); }},
      {"EpochTooShort", [] { return With("/epoch", "abc"); }},
      {"EpochNotHex", [] { return With("/epoch", "zzzzzzzzzzzzzzzz"); }},
      {"EpochWithPath", [] { return With("/epoch", "../../../../../"); }},
      {"KeyNotBase64", [] { return With("/staging_key", "????"); }},
      {"KeyTooShort", [] { return With("/staging_key", "AAAA"); }},
      {"TablesAsArray", [] { return With("/tables", nlohmann::json::array()); }},
      {"UnknownMethod", [] { return With("/tables/main/people/live", "done"); }},
      {"TwoPhases", [] { return With("/tables/main/people/copying", "copy"); }},
      {"TableWithoutPhase", [] { return With("/tables/main/people", nlohmann::json::object()); }},
      {"ContentPlaceOutOfRange", [] { return With("/tables/main/people/content", 99); }},
      {"NegativeContentPlace", [] { return With("/tables/main/people/content", -1); }},
      {"RangesThatOverlap",
       [] {
         auto state = nlohmann::json::parse(Caller::Get().GoodState());
         auto& table = state["tables"]["main"]["people"];
         table.erase("live");
         table["copying"] = "copy";
         table["done"] = {{"", ""}, {"5", "9"}};
         return state.dump();
       }},
  };
  return cases;
}

class MalformedStateTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(MalformedStateTest, IsAnInvalidArgumentAndNeverAFullSync) {
  const UpdateAnswer answer = UpdateFrom(MalformedStates()[GetParam()].state());
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
      << answer.status.error_message();
  EXPECT_THAT(answer.status.error_message(), HasSubstr("reading the state: "));
  EXPECT_THAT(answer.status.error_message(),
              HasSubstr("pass the state of a checkpoint unchanged, or re-sync the connection"));
  EXPECT_THAT(answer.states, SizeIs(0));
  EXPECT_THAT(answer.records, SizeIs(0));
  EXPECT_TRUE(Caller::Get().StillServes());
}

INSTANTIATE_TEST_SUITE_P(Cases, MalformedStateTest,
                         ::testing::Range(std::size_t{0}, MalformedStates().size()),
                         [](const auto& one) {
                           return std::string(MalformedStates()[one.param].name);
                         });

TEST(StateTest, AbsentEmptyBlankAndEmptyObjectAreAFirstSync) {
  EXPECT_THAT(Caller::Get().Update(Caller::Get().GoodUpdate()).records, SizeIs(5));
  for (const std::string state : {"", " \n", "{}", " { } "}) {
    const UpdateAnswer answer = UpdateFrom(state);
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_THAT(answer.records, SizeIs(5)) << "2 TRUNCATE and 3 rows, from state '" << state << "'";
  }
}

TEST(StateTest, OfAnotherVersionIsATask) {
  for (const int version : {1, 3}) {
    const UpdateAnswer answer = UpdateFrom(With("/version", version));
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    ASSERT_THAT(answer.tasks, SizeIs(1)) << version;
    EXPECT_THAT(answer.tasks[0], HasSubstr("re-sync the connection"));
    EXPECT_THAT(answer.records, SizeIs(0));
  }
}

TEST(StateTest, OfAnotherSourceIsATask) {
  for (const std::string field : {"/source/identity", "/source/engine"}) {
    const UpdateAnswer answer = UpdateFrom(With(field, "another"));
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    ASSERT_THAT(answer.tasks, SizeIs(1)) << field;
    EXPECT_THAT(answer.tasks[0], HasSubstr("re-sync"));
    EXPECT_THAT(answer.records, SizeIs(0));
  }
}

TEST(StateTest, UnknownFieldsAreIgnored) {
  const UpdateAnswer answer = UpdateFrom(With("/a_later_field", {{"a", {1, 2, 3}}}));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.records, SizeIs(0)) << "the source has not changed";
}

TEST(StateTest, OfAsManyBytesAsItMayHaveIsTaken) {
  const UpdateAnswer answer = UpdateFrom(Padded(limits::kMaxStateBytes));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.records, SizeIs(0)) << "the source has not changed";
}

// Operation, names and values; sorted.
std::vector<std::string> TextsOf(const std::vector<sdk::Record>& records) {
  std::vector<std::string> texts;
  for (const sdk::Record& record : records) texts.push_back(record.ShortDebugString());
  return texts;
}

TEST(StateTest, WithAForeignKeyReadsTheSourceInsteadOfStaging) {
  constexpr int kRows = 50;
  Caller& caller = Caller::Get();
  Database(caller.root() / "foreign.db")
      .Run(
          "CREATE TABLE rows(id INTEGER PRIMARY KEY, text TEXT);"
          "INSERT INTO rows WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT " +
          std::to_string(kRows) + ") SELECT i, 'row ' || i FROM n");
  sdk::UpdateRequest request = caller.GoodUpdate();
  (*request.mutable_configuration())["database_path"] = "foreign.db";
  const UpdateAnswer whole = caller.Update(request);
  ASSERT_THAT(whole.records, SizeIs(1 + kRows)) << "TRUNCATE and all rows";

  // An early checkpoint; all rows of the table follow it, and are staged.
  std::size_t from = caller.connector().LogSize();
  request.set_state_json(whole.states.front());
  const UpdateAnswer replayed = caller.Update(request);
  EXPECT_TRUE(replayed.status.ok()) << replayed.status.error_message();
  EXPECT_EQ(TextsOf(replayed.records), TextsOf(whole.records));
  EXPECT_THAT(caller.connector().Logged("replayed from staging", from), SizeIs(1));
  EXPECT_EQ(caller.connector().RowsRead(from), 0U);

  from = caller.connector().LogSize();
  auto foreign = nlohmann::json::parse(whole.states.front());
  foreign["staging_key"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  request.set_state_json(foreign.dump());
  const UpdateAnswer read = caller.Update(request);
  EXPECT_TRUE(read.status.ok()) << read.status.error_message();
  EXPECT_EQ(TextsOf(read.records), TextsOf(whole.records));
  const auto why = caller.connector().Logged("nothing is replayed from staging", from);
  ASSERT_THAT(why, SizeIs(1));
  EXPECT_THAT(why[0].value("error", ""), HasSubstr("another key"));
  EXPECT_EQ(caller.connector().RowsRead(from), std::uint64_t{kRows});
}

}  // namespace
}  // namespace tributary::tests
