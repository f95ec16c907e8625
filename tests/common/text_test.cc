#include "common/text.h"

#include <gtest/gtest.h>

#include <string>

namespace tributary {
namespace {

TEST(Prefix, EndsBetweenCharacters) {
  const struct {
    std::string text;
    std::size_t bytes;
    std::string prefix;
  } kCases[] = {
      {"", 0, ""},
      {"abc", 3, "abc"},
      {"abc", 2, "ab"},
      {"abc", 0, ""},
      {"aé", 2, "a"},
      {"aé", 3, "aé"},
      {"a😀b", 4, "a"},
      {"a😀b", 5, "a😀"},
      {"😀", 3, ""},
      // Not UTF-8: the remaining bytes are kept.
      {std::string(10, '\x80'), 9, std::string(9, '\x80')},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(Prefix(one.text, one.bytes), one.prefix) << one.text << ", " << one.bytes;
  }
}

TEST(Shortened, SaysThatSomethingIsMissing) {
  EXPECT_EQ(Shortened("abc", 3), "abc");
  EXPECT_EQ(Shortened("abcd", 3), "abc…");
  EXPECT_EQ(Shortened("aé", 2), "a…");
}

TEST(WithoutQuoted, LeavesOutWhatMayBeAValue) {
  const struct {
    std::string text;
    std::string rest;
  } kCases[] = {
      {"", ""},
      {"malformed JSON", "malformed JSON"},
      {"bad JSON path: 'Hypatia'; mend it", "bad JSON path: '…'; mend it"},
      // A quotation mark within quotation marks: SQL doubles it, other languages do not.
      {"bad JSON path: 'it''s Hypatia'", "bad JSON path: '…'"},
      {"near \"a\"b\": syntax error", "near \"…\": syntax error"},
      {"two: 'a' and 'b'.", "two: '…'."},
      {"of both kinds: 'a' and \"b\"", "of both kinds: '…' and \"…\""},
      {"one inside the other: \"it's Hypatia\"", "one inside the other: \"…\""},
      // Cut before its end.
      {"bad JSON path: 'Hypat", "bad JSON path: '…"},
      {"SQLite's own words, and the user's", "SQLite's own words, and the user's"},
      {"SQLite's words: 'Hypatia'", "SQLite's words: '…'"},
      {"sent as text like x'0AFF'", "sent as text like x'0AFF'"},
      {"'", "'…"},
      {"'Hypatia' is none", "'…' is none"},
  };
  for (const auto& one : kCases) EXPECT_EQ(WithoutQuoted(one.text), one.rest) << one.text;
}

}  // namespace
}  // namespace tributary
