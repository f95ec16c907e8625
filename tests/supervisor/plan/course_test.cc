// The table of transitions, event by event.
#include "supervisor/plan/course.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tributary::course {
namespace {

constexpr Phase kPhases[] = {Phase::kPending, Phase::kCopying, Phase::kCatchingUp,
                             Phase::kLive,    Phase::kAside,   Phase::kComparing};
constexpr Event kEvents[] = {
    Event::kUnchanged,     Event::kContentChanged, Event::kContentToCompare,
    Event::kColumnsAdded,  Event::kColumnsChanged, Event::kColumnsChangedWithoutKey,
    Event::kDeselected,    Event::kBegun,          Event::kMarked,
    Event::kAllSlicesDone, Event::kLogPassed,      Event::kWidened,
    Event::kMoved,         Event::kRestarted,      Event::kPutAside,
    Event::kCompared};

// "next: what else", or "-" if the event cannot occur.
std::string Said(Phase phase, Event event) {
  const std::optional<Transition> transition = On(phase, event);
  if (!transition.has_value()) return "-";
  std::string said(NameOf(transition->next));
  if (transition->copies) said += ", copies";
  if (transition->forgets_progress) said += ", forgets";
  if (transition->truncates) said += ", truncates";
  if (transition->drops_entry) said += ", drops";
  return said;
}

TEST(CourseTest, EachEventLeadsFromEachPhaseWhereTheTableSays) {
  const std::string nothing = "pending, copies, forgets, truncates";
  const std::string over = "pending, copies, forgets";
  const std::string drops = "pending, drops";
  const std::map<Event, std::vector<std::string>> expected = {
      // pending, copying, catching up, live, aside, comparing
      {Event::kUnchanged, {nothing, "copying, copies", "catching up", "live", "-", "-"}},
      {Event::kContentChanged, {nothing, nothing, nothing, nothing, "-", "-"}},
      {Event::kColumnsAdded, {nothing, "copying, copies", "catching up", "live", "-", "-"}},
      {Event::kColumnsChanged, {nothing, nothing, nothing, over, "-", "-"}},
      {Event::kColumnsChangedWithoutKey, {nothing, nothing, nothing, nothing, "-", "-"}},
      {Event::kDeselected, {drops, drops, drops, drops, "-", "-"}},
      {Event::kBegun, {"copying, copies", "-", "-", "-", "-", "-"}},
      {Event::kMarked, {"-", "copying, copies", "-", "-", "-", "-"}},
      {Event::kAllSlicesDone, {"-", "catching up", "-", "-", "-", "-"}},
      {Event::kLogPassed, {"-", "-", "live", "-", "-", "-"}},
      {Event::kWidened, {nothing, nothing, nothing, nothing, "-", nothing}},
      {Event::kMoved, {"-", nothing, "-", "-", "-", "-"}},
      {Event::kRestarted, {nothing, nothing, nothing, nothing, "-", nothing}},
      {Event::kPutAside, {"aside", "aside", "aside", "aside", "-", "aside"}},
      {Event::kContentToCompare, {"-", "-", "-", "comparing, copies", "-", "-"}},
      {Event::kCompared, {"-", "-", "-", "-", "-", "live"}},
  };
  for (const Event event : kEvents) {
    ASSERT_TRUE(expected.contains(event)) << NameOf(event);
    for (std::size_t i = 0; i < std::size(kPhases); ++i) {
      EXPECT_EQ(Said(kPhases[i], event), expected.at(event)[i])
          << NameOf(event) << " in phase " << NameOf(kPhases[i]);
    }
  }
}

// What the promises require of each row of the table.
TEST(CourseTest, NothingThatIsForgottenIsLiveAndNothingResumesAfterTruncate) {
  for (const Phase phase : kPhases) {
    for (const Event event : kEvents) {
      const auto transition = On(phase, event);
      if (!transition.has_value()) continue;
      if (transition->forgets_progress) {
        EXPECT_EQ(transition->next, Phase::kPending);
        EXPECT_TRUE(transition->copies);
      }
      if (transition->truncates) {
        EXPECT_TRUE(transition->forgets_progress);
      }
      if (transition->drops_entry) {
        EXPECT_EQ(event, Event::kDeselected);
      }
      if (transition->next == Phase::kLive && phase != Phase::kLive) {
        EXPECT_TRUE(event == Event::kLogPassed || event == Event::kCompared) << NameOf(event);
      }
    }
  }
}

TEST(CourseTest, PhaseOfAnEntryIsWhatItsProgressSays) {
  EXPECT_EQ(PhaseOf(nullptr), Phase::kPending);
  TableState entry;
  EXPECT_EQ(PhaseOf(&entry), Phase::kCopying);
  entry.done = DoneRanges::FromList({{"", "5"}}).value();
  EXPECT_EQ(PhaseOf(&entry), Phase::kCopying);
  entry.done = DoneRanges::FromList({{"", ""}}).value();
  EXPECT_EQ(PhaseOf(&entry), Phase::kCatchingUp);
  entry.phase = tributary::Phase::kLive;
  EXPECT_EQ(PhaseOf(&entry), Phase::kLive);
}

}  // namespace
}  // namespace tributary::course
