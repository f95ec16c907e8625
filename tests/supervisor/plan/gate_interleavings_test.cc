// All interleavings of small cases: in whichever order the events occur, the destination ends equal
// to the source; if any one of the rules is left out, it does not.
//
// Interleavings that lead to the same world are tried once, so that a case with millions of
// millions of interleavings has some hundred thousand worlds.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "tests/supervisor/plan/gate_world.h"

namespace tributary::gate_world {
namespace {

struct Case {
  const char* name;
  Script script;
};

const std::vector<Case>& Cases() {
  using enum Kind;
  static const std::vector<Case> cases = {
      {"SeveralWritesOfOneTransaction",
       {{{{{kUpdate, 0, 1}, {kUpdate, 1, 0}},
          {{kDelete, 1, 0}},
          {{kReplace, 1, 0}, {kUpdate, 0, 0}}}}}},
      {"RowIsDeletedAndInserted", {{{{{kUpdate, 0, 1}}, {{kDelete, 0, 0}}, {{kReplace, 0, 1}}}}}},
      {"TableIsJoinedWhileItsRowMoves",
       {{{{{kUpdate, 0, 1}}, {{kUpdate, 0, 0}}, {{kUpdate, 0, 0}}}},
        /*two_rows=*/true,
        /*followed=*/false}},
      {"RowsMove", {{{{{kUpdate, 0, 1}}, {{kUpdate, 0, 0}}, {{kUpdate, 1, 0}}}}}},
      {"KeysChange",
       {{{{{kRename, 0, 1}}, {{kUpdate, 1, 0}}, {{kRename, 1, 1}}}}, /*two_rows=*/false}},
  };
  return cases;
}

struct Found {
  int worlds = 0;
  int ends = 0;
  int diverged = 0;
  // Worlds in which no event can occur, although not everything is merged.
  int stuck = 0;
};

Found LookAtAll(const Script& script, Wrong wrong, bool until_one_diverges) {
  Found found;
  absl::flat_hash_set<std::string> known;
  std::vector<World> left;
  left.emplace_back(script, wrong);
  known.insert(left.back().Key());
  while (!left.empty()) {
    const World world = std::move(left.back());
    left.pop_back();
    ++found.worlds;
    if (world.Ended()) {
      ++found.ends;
      if (world.destination() != world.Current()) ++found.diverged;
      if (found.diverged > 0 && until_one_diverges) break;
    }
    bool goes_on = false;
    std::optional<World> next;
    for (int event = 0; event < World::kEvents; ++event) {
      if (!next.has_value()) next.emplace(world);
      if (!next->Happen(event)) continue;
      goes_on = true;
      if (known.insert(next->Key()).second) left.push_back(*std::move(next));
      next.reset();
    }
    if (!goes_on && !world.Ended()) ++found.stuck;
  }
  return found;
}

class EveryInterleaving : public testing::TestWithParam<std::size_t> {};

TEST_P(EveryInterleaving, EndsWithTheRowsOfTheSource) {
  const Found found = LookAtAll(Cases()[GetParam()].script, Wrong::kNothing, false);
  EXPECT_EQ(found.diverged, 0);
  EXPECT_EQ(found.stuck, 0);
  EXPECT_GT(found.ends, 0);
  RecordProperty("figures", absl::StrCat(found.worlds, " worlds"));
}

INSTANTIATE_TEST_SUITE_P(Cases, EveryInterleaving, testing::Range(std::size_t{0}, Cases().size()),
                         [](const auto& one) { return Cases()[one.param].name; });

class LeftOutRule : public testing::TestWithParam<std::pair<const char*, Wrong>> {};

TEST_P(LeftOutRule, IsFoundByAnInterleavingThatDiverges) {
  for (const Case& one : Cases()) {
    const Found found = LookAtAll(one.script, GetParam().second, true);
    if (found.diverged == 0) continue;
    RecordProperty("figures", absl::StrCat("found by ", one.name));
    return;
  }
  FAIL() << "nothing diverged without it";
}

INSTANTIATE_TEST_SUITE_P(
    Rules, LeftOutRule,
    testing::Values(std::pair{"TheLogWaitsForOpenSlices", Wrong::kNoGate},
                    std::pair{"HandedOutWhenVisible", Wrong::kEarly},
                    std::pair{"LateSlicesAreRefused", Wrong::kLateNotRefused},
                    std::pair{"OldTransactionsAreWaitedFor", Wrong::kNotWholeFrom},
                    std::pair{"DroppedByTheOldestSnapshot", Wrong::kDropByOther},
                    std::pair{"LiveWhenTheLogHasPassedTheSlices", Wrong::kLiveTooEarly},
                    std::pair{"MissingValuesAreReadAgain", Wrong::kNoReadingAgain}),
    [](const auto& one) { return one.param.first; });

}  // namespace
}  // namespace tributary::gate_world
