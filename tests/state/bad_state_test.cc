// States that nobody should send, each with the answer it gets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/substitute.h"
#include "common/limits.h"
#include "tests/state/sample_states.h"

namespace tributary {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kGood[] =
    R"({"version":1,"source":{"engine":"sqlite","identity":"i"},"selection":"0011223344556677",)"
    R"("epoch":"8899aabbccddeeff","position":42,)"
    R"("staging_key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","source_versions":["v"],)"
    R"("tables":{"main":{"c":{"phase":"copying","columns":"0123456789abcdef","version":0,)"
    R"("widened":["w"],"done":[["","a"],["b","c"]]},)"
    R"("l":{"phase":"live","columns":"0123456789abcdef"}}}})";

// kGood with one part replaced.
std::string With(const std::string& part, const std::string& replacement) {
  std::string text = kGood;
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), replacement);
}

std::string Nested(std::size_t depth) {
  return With(R"("position":42)",
              R"("position":42,"deep":)" + std::string(depth, '[') + std::string(depth, ']'));
}

// `text` with each number up to `count` in its place.
std::string Numbers(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) absl::SubstituteAndAppend(&all, text, i);
  return all;
}

std::string Tables(int count) {
  return Numbers(R"("$0":{"phase":"live","columns":"0123456789abcdef","version":0},)", count);
}

struct Case {
  const char* name;
  std::string text;
  const char* fragment;
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
};

std::vector<Case> Cases() {
  constexpr auto kNewer = absl::StatusCode::kFailedPrecondition;
  return {
      // Not JSON at all.
      {"word", "hello", "not JSON"},
      {"truncated", std::string(kGood).substr(0, 200), "not JSON"},
      {"truncated_by_one", std::string(kGood).substr(0, sizeof kGood - 2), "not JSON"},
      {"lone_brace", "{", "not JSON"},
      {"second_document", std::string(kGood) + "{}", "not JSON"},
      {"trailing_comma", With(R"("position":42)", R"("position":42,,)"), "not JSON"},
      {"comment", With(R"("position":42)", R"(/* */"position":42)"), "not JSON"},
      {"single_quotes", "{'version':1}", "not JSON"},
      {"nan", With(":42", ":NaN"), "not JSON"},
      {"infinite_number", With(":42", ":1e999"), "not JSON"},
      {"invalid_utf8", With(R"("i")", "\"\xff\xfe\""), "not JSON"},
      {"overlong_utf8", With(R"("i")", "\"\xc0\xaf\""), "not JSON"},
      {"lone_surrogate", With(R"("i")", R"("\ud800")"), "not JSON"},
      {"raw_newline_in_text", With(R"("i")", "\"\n\""), "not JSON"},
      {"nul_byte", std::string("\0", 1), "not JSON"},
      {"nul_behind", std::string(kGood) + std::string("\0{}", 3), "not JSON"},
      // Another type.
      {"null", "null", "the whole is of the wrong type"},
      {"array", "[]", "the whole is of the wrong type"},
      {"text", R"("{}")", "the whole is of the wrong type"},
      {"number", "1", "the whole is of the wrong type"},
      {"true", "true", "the whole is of the wrong type"},
      {"array_of_states", std::string("[") + kGood + "]", "the whole is of the wrong type"},
      {"position_text", With(":42", R"(:"42")"), "position is of the wrong type"},
      {"position_null", With(":42", ":null"), "position is of the wrong type"},
      {"tables_array", With(R"("tables":{"main":)", R"("tables":[],"x":{"main":)"),
       "tables is of the wrong type"},
      {"source_text", With(R"("source":{)", R"("source":"sqlite","x":{)"),
       "source is of the wrong type"},
      {"versions_object", With(R"(["v"])", R"({"v":1})"), "source_versions is of the wrong type"},
      {"versions_of_numbers", With(R"(["v"])", "[1]"), "source_versions is of the wrong type"},
      {"schema_null", With(R"({"main":{)", R"({"m":null,"main":{)"), "a schema in tables is of"},
      {"table_true", With(R"("l":{)", R"("x":true,"l":{)"), "a table's entry is of the wrong type"},
      {"done_of_texts", With(R"([["","a"],)", R"(["",)"), "a range in done is of the wrong type"},
      {"done_of_numbers", With(R"(["","a"])", "[0,1]"), "a bound in done is of the wrong type"},
      {"widened_of_objects", With(R"(["w"])", "[{}]"), "a name in widened is of the wrong type"},
      // Numbers.
      {"negative_position", With(":42", ":-42"), "position is of the wrong type or out of range"},
      {"fraction", With(":42", ":42.5"), "position is of the wrong type or out of range"},
      {"exponent", With(":42", ":4e1"), "position is of the wrong type or out of range"},
      {"position_over_uint64", With(":42", ":18446744073709551616"), "position is of the wrong"},
      {"position_max_uint64", With(":42", ":18446744073709551615"), "position is out of range"},
      {"position_over_limit", With(":42", ":9007199254740992"), "position is out of range"},
      {"version_zero", With(R"("version":1)", R"("version":0)"), "version is 0"},
      {"version_negative", With(R"("version":1)", R"("version":-1)"), "version is of the wrong"},
      {"version_fraction", With(R"("version":1)", R"("version":1.0)"), "version is of the wrong"},
      {"version_text", With(R"("version":1)", R"("version":"1")"), "version is of the wrong"},
      {"version_place_over", With(R"("version":0)", R"("version":1)"), "not in source_versions"},
      {"version_place_huge", With(R"("version":0)", R"("version":18446744073709551615)"),
       "not in source_versions"},
      {"complete_tables_negative",
       With(R"("position":42)", R"("position":42,"complete_tables":-1)"),
       "complete_tables is of the wrong"},
      // Missing and doubled parts.
      {"no_version", With(R"("version":1,)", ""), "lacks version"},
      {"unknown_only", R"({"cursor":"2024-01-01"})", "lacks version"},
      {"no_epoch", With(R"("epoch":"8899aabbccddeeff",)", ""), "lacks epoch"},
      {"no_position", With(R"("position":42,)", ""), "lacks position"},
      {"no_selection", With(R"("selection":"0011223344556677",)", ""), "lacks selection"},
      {"no_source", With(R"("source":)", R"("sauce":)"), "lacks source"},
      {"no_engine", With(R"("engine":"sqlite",)", ""), "lacks engine"},
      {"no_tables", With(R"("tables":)", R"("stables":)"), "lacks tables"},
      {"no_source_versions", With(R"("source_versions":["v"],)", ""), "lacks source_versions"},
      {"no_phase", With(R"("phase":"live",)", ""), "lacks phase"},
      {"no_columns", With(R"("phase":"live","columns":"0123456789abcdef")", R"("phase":"live")"),
       "lacks columns"},
      {"version_twice", With(R"("version":1)", R"("version":1,"version":2)"), "version twice"},
      {"position_twice", With(":42", R"(:42,"position":41)"), "position twice"},
      {"phase_twice", With(R"("phase":"live")", R"("phase":"live","phase":"live")"), "phase twice"},
      {"schema_twice", With(R"({"main":)", R"({"main":{},"main":)"), "a schema stands twice"},
      {"table_twice", With(R"("l":)", R"("c":)"), "a table stands twice"},
      {"widened_twice", With(R"(["w"])", R"(["w","w"])"), "a name stands twice"},
      // Values that mean nothing.
      {"empty_engine", With(R"("sqlite")", R"("")"), "engine is empty"},
      {"epoch_short", With("8899aabbccddeeff", "8899aabb"), "epoch is not 16"},
      {"epoch_upper_case", With("8899aabbccddeeff", "8899AABBCCDDEEFF"), "epoch is not 16"},
      {"epoch_path", With("8899aabbccddeeff", "../../../../etc/"), "epoch is not 16"},
      {"epoch_empty", With("8899aabbccddeeff", ""), "epoch is not 16"},
      {"selection_long", With("0011223344556677", "00112233445566778"), "selection is not 16"},
      {"columns_no_hex", With("0123456789abcdef", "0123456789abcdeg"), "columns is not 16"},
      {"key_short", With("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "AAECAw=="),
       "staging_key is not"},
      {"key_empty", With("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""), "staging_key is not"},
      {"key_no_base64", With("AAECAwQ", "!!!!!!!"), "staging_key is not"},
      {"key_unpadded", With("Hh8=", "Hh8"), "staging_key is not"},
      {"key_loose_bits", With("Hh8=", "Hh9="), "staging_key is not"},
      {"phase_unknown", With(R"("live")", R"("done")"), "phase is unknown"},
      {"phase_case", With(R"("live")", R"("Live")"), "phase is unknown"},
      {"live_with_done", With(R"("phase":"live")", R"("phase":"live","done":[])"),
       "a live table has done"},
      {"live_with_done_first", With(R"("phase":"live")", R"("done":[["","a"]],"phase":"live")"),
       "a live table has done"},
      {"range_of_one", With(R"(["","a"])", R"([""])"), "has not two bounds"},
      {"range_of_three", With(R"(["","a"])", R"(["","a","b"])"), "has not two bounds"},
      {"range_of_none", With(R"(["","a"])", "[]"), "has not two bounds"},
      {"range_empty", With(R"(["b","c"])", R"(["b","b"])"), "a range is empty"},
      {"ranges_overlap", With(R"(["b","c"])", R"(["c","a"])"), "a bound stands twice"},
      {"range_after_the_end", With(R"(["","a"])", R"(["",""])"), "end stands in the middle"},
      {"range_before_the_start", With(R"(["b","c"])", R"(["","c"])"), "start stands in the middle"},
      // Too much.
      {"deep", Nested(limits::kMaxStateDepth), "deeper than"},
      {"very_deep", Nested(1000000), "deeper than"},
      {"deep_and_open", std::string(1000000, '['), "deeper than"},
      {"deep_objects",
       With(":42",
            [] {
              std::string text = R"(:42,"deep":)";
              for (int i = 0; i < 100000; ++i) text += R"({"a":)";
              return text;
            }()),
       "deeper than"},
      {"huge", std::string(limits::kMaxStateBytes, ' ') + "{}", "bytes, and at most"},
      // Small texts of what would be gigabytes in memory.
      {"long_schema_of_many_tables",
       With(R"("main":{)", "\"" + std::string(limits::kMiB, 'm') + "\":{" + Tables(300)),
       "too many"},
      {"long_version_of_many_tables",
       With(R"(["v"],"tables":{"main":{)",
            "[\"" + std::string(limits::kMiB, 'v') + "\"],\"tables\":{\"main\":{" + Tables(300)),
       "too many"},
      {"millions_of_versions", With(R"(["v"])", "[" + Numbers("\"$0\",", 3'000'000) + R"("v"])"),
       "too many"},
      {"millions_of_ranges", With(R"(["","a"],)", Numbers(R"(["$0","$0x"],)", 1'000'000)),
       "too many"},
      // A newer version, which may be at fault in any way that this one knows.
      {"newer", With(R"("version":1)", R"("version":2)"), "version 2", kNewer},
      {"much_newer", With(R"("version":1)", R"("version":18446744073709551615)"), "newer", kNewer},
      {"newer_of_other_form", R"({"tables":[1,2],"epoch":7,"position":"x","version":3})",
       "version 3", kNewer},
      {"newer_and_nothing_else", R"({"version":2})", "version 2", kNewer},
      {"newer_and_truncated", R"({"version":2,"tables":)", "not JSON"},
  };
}

TEST(BadState, TheGoodOneThatTheCasesStartFromIsGood) {
  const absl::StatusOr<State> state = ParseState(kGood);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(SerializeState(*state), kGood);
  EXPECT_TRUE(ParseState(Nested(limits::kMaxStateDepth - 1)).ok());
}

TEST(BadState, EachIsRefusedWithItsCodeAndSaysWhatIsWrongAndWhatToDo) {
  for (const Case& bad : Cases()) {
    SCOPED_TRACE(bad.name);
    const absl::StatusOr<State> state = ParseState(bad.text);
    ASSERT_EQ(state.status().code(), bad.code) << state.status();
    const std::string message(state.status().message());
    EXPECT_THAT(message, HasSubstr(bad.fragment));
    EXPECT_THAT(message, HasSubstr("reading the state"));
    EXPECT_THAT(message, HasSubstr("re-sync"));
  }
}

TEST(BadState, EveryTruncationIsRefused) {
  const std::string text = SerializeState(HostileState()).substr(0, 4000);
  const std::string whole = kGood;
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(ParseState(whole.substr(0, size)).status().code(), absl::StatusCode::kInvalidArgument)
        << size;
  }
  for (std::size_t size = 1; size < text.size(); ++size) {
    EXPECT_EQ(ParseState(text.substr(0, size)).status().code(), absl::StatusCode::kInvalidArgument)
        << size;
  }
}

TEST(BadState, TextsNeverRepeatTheContent) {
  for (const std::string& text :
       {With(R"("sqlite")", R"("secret)"), With(R"("live")", R"("secret")"),
        With("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "secret"),
        With("8899aabbccddeeff", "secret"), With(R"(["v"])", R"(["v"] secret)")}) {
    const absl::StatusOr<State> state = ParseState(text);
    ASSERT_FALSE(state.ok());
    EXPECT_THAT(std::string(state.status().message()), Not(HasSubstr("secret")));
  }
}

TEST(BadState, UnknownPartsOfAnySizeCostNoTree) {
  std::string wide = R"("position":42,"wide":[)";
  for (int i = 0; i < 1000000; ++i) wide += "[],";
  wide += "0]";
  EXPECT_TRUE(ParseState(With(R"("position":42)", wide)).ok());
}

}  // namespace
}  // namespace tributary
