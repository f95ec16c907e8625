// States that a correct client would not send, each with its answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/substitute.h"
#include "common/limits.h"
#include "tests/supervisor/checkpoint/sample_states.h"

namespace tributary {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kGood[] =
    R"({"version":2,"source":{"engine":"sqlite","identity":"i"},"selection":"0011223344556677",)"
    R"("epoch":"8899aabbccddeeff","position":42,)"
    R"("staging_key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",)"
    R"("log_position":{"commit":"77","final":"99"},"log_life":"7","contents":["v"],)"
    R"("tables":{"main":{"c":{"copying":"copy","columns":"0123456789abcdef","content":0,)"
    R"("widened":{"w":"STRING"},"done":[["","a"],["b","c"]]},)"
    R"("d":{"copying":"log","columns":"0123456789abcdef","content":0,"done":[["","a"]],)"
    R"("whole_from":"743","start":"750:0","bound":{"commit":"12"}},)"
    R"("l":{"live":"compare","columns":"0123456789abcdef","digests":3}}}})";

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

// `text` with each number up to `count` inserted.
std::string Numbers(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) absl::SubstituteAndAppend(&all, text, i);
  return all;
}

std::string Tables(int count) {
  return Numbers(R"("$0":{"live":"copy","columns":"0123456789abcdef","content":0},)", count);
}

struct Case {
  const char* name;
  std::string text;
  const char* fragment;
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
};

std::vector<Case> Cases() {
  constexpr auto kOther = absl::StatusCode::kFailedPrecondition;
  return {
      // Not JSON at all.
      {"word", "hello", "not JSON"},
      {"truncated", std::string(kGood).substr(0, 200), "not JSON"},
      {"truncated_by_one", std::string(kGood).substr(0, sizeof kGood - 2), "not JSON"},
      {"lone_brace", "{", "not JSON"},
      {"second_document", std::string(kGood) + "{}", "not JSON"},
      {"trailing_comma", With(R"("position":42)", R"("position":42,,)"), "not JSON"},
      {"comment", With(R"("position":42)", R"(/* */"position":42)"), "not JSON"},
      {"single_quotes", "{'version':2}", "not JSON"},
      {"nan", With(":42", ":NaN"), "not JSON"},
      {"infinite_number", With(":42", ":1e999"), "not JSON"},
      {"invalid_utf8", With(R"("i")", "\"\xff\xfe\""), "not JSON"},
      {"overlong_utf8", With(R"("i")", "\"\xc0\xaf\""), "not JSON"},
      {"lone_surrogate", With(R"("i")", R"("\ud800")"), "not JSON"},
      {"raw_newline_in_text", With(R"("i")", "\"\n\""), "not JSON"},
      {"nul_byte", std::string("\0", 1), "not JSON"},
      {"nul_behind", std::string(kGood) + std::string("\0{}", 3), "not JSON"},
      // A wrong type.
      {"null", "null", "the whole is not an object"},
      {"array", "[]", "the whole is not an object"},
      {"text", R"("{}")", "the whole is not an object"},
      {"number", "1", "the whole is not an object"},
      {"true", "true", "the whole is not an object"},
      {"array_of_states", std::string("[") + kGood + "]", "the whole is not an object"},
      {"position_text", With(":42", R"(:"42")"), "position is not a whole number"},
      {"position_null", With(":42", ":null"), "position is not a whole number"},
      {"tables_array", With(R"("tables":{"main":)", R"("tables":[],"x":{"main":)"),
       "tables is not an object"},
      {"source_text", With(R"("source":{)", R"("source":"sqlite","x":{)"),
       "source is not an object"},
      {"identity_null", With(R"("i")", "null"), "identity is not a text"},
      {"contents_object", With(R"(["v"])", R"({"v":1})"), "contents is not a list"},
      {"contents_of_numbers", With(R"(["v"])", "[1]"), "contents has an entry that is not a text"},
      {"schema_null", With(R"({"main":{)", R"({"m":null,"main":{)"),
       "a schema in tables is not an object"},
      {"table_true", With(R"("l":{)", R"("x":true,"l":{)"), "a table's entry is not an object"},
      {"content_null", With(R"("content":0)", R"("content":null)"), "content is not a text"},
      {"content_negative", With(R"("content":0)", R"("content":-1)"), "content is not a text"},
      {"done_object", With(R"([["","a"],["b","c"]])", "{}"), "done is not a list"},
      {"done_of_texts", With(R"([["","a"],)", R"(["",)"), "a range that is not two texts"},
      {"done_of_numbers", With(R"(["","a"])", "[0,1]"), "a range that is not two texts"},
      {"widened_list", With(R"({"w":"STRING"})", R"(["w"])"), "widened is not an object"},
      {"widened_of_objects", With(R"({"w":"STRING"})", R"({"w":{}})"),
       "widened has a member that is not a text"},
      {"log_position_text", With(R"({"commit":"77","final":"99"})", R"("77")"),
       "log_position is not an object"},
      {"commit_number", With(R"("77")", "77"), "commit is not a text with the decimal digits"},
      {"complete_text", With(R"("position":42)", R"("position":42,"complete":"v")"),
       "complete is not an object"},
      // Numbers.
      {"negative_position", With(":42", ":-42"), "position is not a whole number"},
      {"fraction", With(":42", ":42.5"), "position is not a whole number"},
      {"exponent", With(":42", ":4e1"), "position is not a whole number"},
      {"position_over_uint64", With(":42", ":18446744073709551616"), "position is not a whole"},
      {"position_max_uint64", With(":42", ":18446744073709551615"), "position is not a whole"},
      {"position_over_limit", With(":42", ":9007199254740992"), "position is not a whole"},
      {"digests_negative", With(R"("digests":3)", R"("digests":-3)"),
       "digests is not a whole number"},
      {"version_zero", With(R"("version":2)", R"("version":0)"), "version is not a whole number"},
      {"version_negative", With(R"("version":2)", R"("version":-1)"), "version is not a whole"},
      {"version_fraction", With(R"("version":2)", R"("version":2.0)"), "version is not a whole"},
      {"version_text", With(R"("version":2)", R"("version":"2")"), "version is not a whole"},
      {"commit_over_uint64", With(R"("77")", R"("18446744073709551616")"), "commit is not a text"},
      {"commit_negative", With(R"("77")", R"("-1")"), "commit is not a text"},
      {"commit_with_zeros", With(R"("77")", R"("077")"), "commit is not a text"},
      {"commit_with_blanks", With(R"("77")", R"(" 77")"), "commit is not a text"},
      {"commit_hexadecimal", With(R"("77")", R"("0x77")"), "commit is not a text"},
      {"commit_empty", With(R"("77")", R"("")"), "commit is not a text"},
      {"content_place_over", With(R"("content":0)", R"("content":1)"), "is not in contents"},
      {"content_place_huge", With(R"("content":0)", R"("content":18446744073709551615)"),
       "is not in contents"},
      {"complete_tables_negative",
       With(R"("position":42)", R"("position":42,"complete":{"content":"v","tables":-1})"),
       "tables is not a whole number"},
      // Missing and repeated parts.
      {"no_version", With(R"("version":2,)", ""), "lacks version"},
      {"unknown_only", R"({"cursor":"2024-01-01"})", "lacks version"},
      {"no_epoch", With(R"("epoch":"8899aabbccddeeff",)", ""), "lacks epoch"},
      {"no_position", With(R"("position":42,)", ""), "lacks position"},
      {"no_selection", With(R"("selection":"0011223344556677",)", ""), "lacks selection"},
      {"no_source", With(R"("source":)", R"("sauce":)"), "lacks source"},
      {"no_engine", With(R"("engine":"sqlite",)", ""), "lacks engine"},
      {"no_tables", With(R"("tables":)", R"("stables":)"), "lacks tables"},
      {"no_contents", With(R"("contents":["v"],)", ""), "is not in contents"},
      {"no_commit", With(R"("commit":"77",)", ""), "lacks commit"},
      {"no_phase", With(R"("live":"compare",)", ""), "neither copying nor live"},
      {"no_columns", With(R"("columns":"0123456789abcdef","digests")", R"("digests")"),
       "lacks columns"},
      {"no_whole_from", With(R"("whole_from":"743",)", ""), "lacks whole_from"},
      {"no_bound", With(R"(,"bound":{"commit":"12"})", ""), "lacks bound"},
      {"complete_without_tables",
       With(R"("position":42)", R"("position":42,"complete":{"content":"v"})"), "lacks tables"},
      {"two_phases", With(R"("live":"compare")", R"("live":"compare","copying":"compare")"),
       "copying and live"},
      {"version_twice", With(R"("version":2)", R"("version":2,"version":2)"), "member twice"},
      {"position_twice", With(":42", R"(:42,"position":41)"), "member twice"},
      {"phase_twice", With(R"("live":"compare")", R"("live":"compare","live":"compare")"),
       "member twice"},
      {"schema_twice", With(R"({"main":)", R"({"main":{},"main":)"), "member twice"},
      {"table_twice", With(R"("l":)", R"("c":)"), "member twice"},
      {"widened_twice", With(R"({"w":"STRING"})", R"({"w":"STRING","w":"STRING"})"),
       "member twice"},
      {"unknown_twice", With(":42", R"(:42,"x":[{"a":1,"a":2}])"), "member twice"},
      // Values without a meaning.
      {"empty_engine", With(R"("sqlite")", R"("")"), "engine is empty"},
      {"epoch_short", With("8899aabbccddeeff", "8899aabb"), "epoch is not 16"},
      {"epoch_upper_case", With("8899aabbccddeeff", "8899AABBCCDDEEFF"), "epoch is not 16"},
      {"epoch_path", With("8899aabbccddeeff", "../../../../etc/"), "epoch is not 16"},
      {"epoch_empty", With("8899aabbccddeeff", ""), "epoch is not 16"},
      {"selection_long", With("0011223344556677", "00112233445566778"), "selection is not 16"},
      {"start_decimal", With("750:0", "750"), "start is not a snapshot"},
      {"start_words", With("750:0", "750:a"), "start is not a snapshot"},
      {"start_exception_outside", With("750:0", "750:3:3"), "start is not a snapshot"},
      {"start_too_large", With("750:0", "750:18446744073709551615"), "start is not a snapshot"},
      {"file_zero", With("0123456789abcdef", "0123456789abcdef.0"), "columns is not 16"},
      {"file_empty", With("0123456789abcdef", "0123456789abcdef."), "columns is not 16"},
      {"file_zeros", With("0123456789abcdef", "0123456789abcdef.01"), "columns is not 16"},
      {"file_third", With("0123456789abcdef", "0123456789abcdef.1.2.3"), "columns is not 16"},
      {"file_large", With("0123456789abcdef", "0123456789abcdef.1ffffffffffffffff"),
       "columns is not 16"},
      {"columns_no_hex", With("0123456789abcdef", "0123456789abcdeg"), "columns is not 16"},
      {"key_short", With("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "AAECAw=="),
       "staging_key is not"},
      {"key_empty", With("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""), "staging_key is not"},
      {"key_no_base64", With("AAECAwQ", "!!!!!!!"), "staging_key is not"},
      {"key_unpadded", With("Hh8=", "Hh8"), "staging_key is not"},
      {"key_loose_bits", With("Hh8=", "Hh9="), "staging_key is not"},
      {"method_unknown", With(R"("compare")", R"("done")"), "method is unknown"},
      {"method_case", With(R"("compare")", R"("Compare")"), "method is unknown"},
      {"method_number", With(R"("compare")", "2"), "method is unknown"},
      {"complete_of_nothing",
       With(R"("position":42)", R"("position":42,"complete":{"content":"","tables":3})"),
       "content is empty"},
      {"live_with_done", With(R"("live":"compare")", R"("live":"compare","done":[])"),
       "a live table has done"},
      {"live_with_bound", With(R"("live":"compare")", R"("bound":{},"live":"compare")"),
       "a live table has bound"},
      {"live_with_start", With(R"("live":"compare")", R"("live":"compare","start":"0")"),
       "a live table has start"},
      {"range_of_one", With(R"(["","a"])", R"([""])"), "not two texts"},
      {"range_of_three", With(R"(["","a"])", R"(["","a","b"])"), "not two texts"},
      {"range_of_none", With(R"(["","a"])", "[]"), "not two texts"},
      {"range_empty", With(R"(["b","c"])", R"(["b","b"])"), "a range is empty"},
      {"ranges_overlap", With(R"(["b","c"])", R"(["c","a"])"), "a bound occurs twice"},
      {"range_after_the_end", With(R"(["","a"])", R"(["",""])"), "end is in the middle"},
      {"range_before_the_start", With(R"(["b","c"])", R"(["","c"])"), "start is in the middle"},
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
      // Small texts that would take gigabytes in memory.
      {"long_schema_of_many_tables",
       With(R"("main":{)", "\"" + std::string(limits::kMiB, 'm') + "\":{" + Tables(300)),
       "have more than"},
      {"long_content_of_many_tables",
       With(R"(["v"],"tables":{"main":{)",
            "[\"" + std::string(limits::kMiB, 'v') + "\"],\"tables\":{\"main\":{" + Tables(300)),
       "have more than"},
      // Another version; the rest may break any rule of this version.
      {"older", With(R"("version":2)", R"("version":1)"), "version 1", kOther},
      {"newer", With(R"("version":2)", R"("version":3)"), "version 3", kOther},
      {"much_newer", With(R"("version":2)", R"("version":18446744073709551615)"), "newer", kOther},
      {"newer_of_other_form", R"({"tables":[1,2],"epoch":7,"position":"x","version":4})",
       "version 4", kOther},
      {"newer_and_nothing_else", R"({"version":3})", "version 3", kOther},
      {"newer_and_truncated", R"({"version":3,"tables":)", "not JSON"},
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
       {With(R"("sqlite")", R"("secret)"), With(R"("compare")", R"("secret")"),
        With("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "secret"),
        With("8899aabbccddeeff", "secret"), With(R"(["v"])", R"(["v"] secret)")}) {
    const absl::StatusOr<State> state = ParseState(text);
    ASSERT_FALSE(state.ok());
    EXPECT_THAT(std::string(state.status().message()), Not(HasSubstr("secret")));
  }
}

TEST(BadState, UnknownPartsMayFillTheWholeText) {
  std::string wide = R"("position":42,"wide":[)";
  while (wide.size() < limits::kMaxStateBytes - sizeof kGood - 16) wide += "{},";
  wide += "0]";
  EXPECT_TRUE(ParseState(With(R"("position":42)", wide)).ok());
}

}  // namespace
}  // namespace tributary
