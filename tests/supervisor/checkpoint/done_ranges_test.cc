#include "supervisor/checkpoint/done_ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Ranges = std::vector<BoundRange>;

DoneRanges Read(const Ranges& ranges) {
  absl::StatusOr<DoneRanges> done = DoneRanges::FromList(ranges);
  EXPECT_TRUE(done.ok()) << done.status();
  return *done;
}

TEST(DoneRanges, NothingDoneLeavesTheWholeTable) {
  const DoneRanges done;
  EXPECT_THAT(done.Done(), IsEmpty());
  EXPECT_THAT(done.Remaining(), ElementsAre(BoundRange{"", ""}));
  EXPECT_FALSE(done.complete());
}

TEST(DoneRanges, OneSliceForTheWholeTableCompletesIt) {
  DoneRanges done;
  ASSERT_TRUE(done.Start({{"", ""}}).ok());
  EXPECT_FALSE(done.complete());
  ASSERT_TRUE(done.Advance(0, "k").ok());
  EXPECT_THAT(done.Done(), ElementsAre(BoundRange{"", "k"}));
  EXPECT_EQ(done.Left(0), (BoundRange{"k", ""}));
  ASSERT_TRUE(done.Advance(0, "").ok()) << "a mark at the range's end";
  EXPECT_TRUE(done.complete());
  EXPECT_THAT(done.Remaining(), IsEmpty());
  EXPECT_THAT(done.Done(), ElementsAre(BoundRange{"", ""}));
}

TEST(DoneRanges, SlicesReadAtTheSameTimeKeepTheirOwnPlacesAndMergeWhereTheyMeet) {
  DoneRanges done;
  ASSERT_TRUE(done.Start({{"", "b"}, {"b", "d"}, {"d", ""}}).ok());
  ASSERT_TRUE(done.Advance(2, "e").ok());
  ASSERT_TRUE(done.Advance(0, "a").ok());
  ASSERT_TRUE(done.Advance(1, "c").ok());
  EXPECT_THAT(done.Done(),
              ElementsAre(BoundRange{"", "a"}, BoundRange{"b", "c"}, BoundRange{"d", "e"}));
  EXPECT_THAT(done.Remaining(),
              ElementsAre(BoundRange{"a", "b"}, BoundRange{"c", "d"}, BoundRange{"e", ""}));
  done.Finish(1);
  EXPECT_THAT(done.Done(), ElementsAre(BoundRange{"", "a"}, BoundRange{"b", "e"}));
  done.Finish(0);
  EXPECT_THAT(done.Done(), ElementsAre(BoundRange{"", "e"}));
  done.Finish(0);
  EXPECT_TRUE(done.finished(0));
  EXPECT_FALSE(done.finished(2));
}

TEST(DoneRanges, AResumedCopyIsCutAnewBetweenWhatIsDone) {
  DoneRanges done = Read({{"a", "b"}, {"c", "d"}});
  EXPECT_THAT(done.Remaining(),
              ElementsAre(BoundRange{"", "a"}, BoundRange{"b", "c"}, BoundRange{"d", ""}));
  ASSERT_TRUE(done.Start({{"", "a"}, {"b", "b5"}, {"b5", "c"}, {"d", ""}}).ok());
  EXPECT_EQ(done.slices(), 4u);
  done.Finish(2);
  EXPECT_THAT(done.Done(), ElementsAre(BoundRange{"a", "b"}, BoundRange{"b5", "d"}));
  done.Finish(1);
  EXPECT_THAT(done.Done(), ElementsAre(BoundRange{"a", "d"}));
  done.Finish(0);
  done.Finish(3);
  EXPECT_TRUE(done.complete());
}

TEST(DoneRanges, StartAgainKeepsWhatTheEarlierSlicesDid) {
  DoneRanges done;
  ASSERT_TRUE(done.Start({{"", "m"}, {"m", ""}}).ok());
  ASSERT_TRUE(done.Advance(0, "c").ok());
  done.Finish(1);
  ASSERT_TRUE(done.Start({{"c", "m"}}).ok());
  EXPECT_EQ(done.slices(), 1u);
  EXPECT_THAT(done.Done(), ElementsAre(BoundRange{"", "c"}, BoundRange{"m", ""}));
  done.Finish(0);
  EXPECT_TRUE(done.complete());
}

TEST(DoneRanges, NeighboursInAListAreMerged) {
  EXPECT_THAT(Read({{"", "a"}, {"a", "b"}, {"c", ""}}).Done(),
              ElementsAre(BoundRange{"", "b"}, BoundRange{"c", ""}));
  EXPECT_TRUE(Read({{"", "a"}, {"a", ""}}).complete());
}

TEST(DoneRanges, ACompleteTableHasNoSlicesLeft) {
  DoneRanges done = Read({{"", ""}});
  EXPECT_TRUE(done.Start({}).ok());
  EXPECT_TRUE(done.complete());
  EXPECT_FALSE(done.Start({{"", ""}}).ok());
}

TEST(DoneRanges, ListsThatAreNoRowOfRangesAreRefused) {
  const struct {
    Ranges ranges;
    const char* fragment;
  } cases[] = {
      {{{"a", "a"}}, "empty"},
      {{{"a", "b"}, {"", "c"}}, "start is in the middle"},
      {{{"a", ""}, {"b", "c"}}, "end is in the middle"},
      {{{"", ""}, {"", ""}}, "end is in the middle"},
      {{{"a", "b"}, {"a", "c"}}, "twice"},
      {{{"a", "b"}, {"c", "b"}}, "twice"},
      {{{"a", "b"}, {"c", "a"}}, "twice"},
      {{{"a", "b"}, {"c", "d"}, {"b", "e"}}, "twice"},
      {{{"a", "b"}, {"b", "a"}}, "twice"},
  };
  for (const auto& [ranges, fragment] : cases) {
    const absl::StatusOr<DoneRanges> done = DoneRanges::FromList(ranges);
    ASSERT_EQ(done.status().code(), absl::StatusCode::kInvalidArgument) << fragment;
    EXPECT_THAT(std::string(done.status().message()), HasSubstr(fragment));
  }
}

TEST(DoneRanges, SlicesThatDoNotFitTheGapsAreRefusedAndNothingChanges) {
  const Ranges before = {{"a", "b"}, {"c", "d"}};
  const Ranges cases[] = {
      {},
      {{"", "a"}, {"b", "c"}},                        // the last gap is missing
      {{"", "a"}, {"b", "c"}, {"d", "e"}},            // not to the table's end
      {{"", "a"}, {"b", "c"}, {"d", ""}, {"d", ""}},  // one too many
      {{"", "a"}, {"x", "c"}, {"d", ""}},             // a wrong start
      {{"", "a"}, {"b", "b2"}, {"b3", "c"}, {"d", ""}},
      {{"", ""}},  // overlaps what is done
      {{"", "c"}, {"d", ""}},
      {{"", "d"}, {"d", "a"}, {"b", "c"}, {"d", ""}},              // a bound of another gap
      {{"", "x"}, {"x", "x"}, {"x", "a"}, {"b", "c"}, {"d", ""}},  // an empty slice
      {{"", "x"}, {"x", "a"}, {"b", "x"}, {"x", "c"}, {"d", ""}},
  };
  for (const Ranges& slices : cases) {
    DoneRanges done = Read(before);
    EXPECT_EQ(done.Start(slices).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(done.Done(), before);
    EXPECT_EQ(done.slices(), 0u);
  }
}

TEST(DoneRanges, MarksFromOutsideTheSliceAreRefusedAndNothingChanges) {
  DoneRanges done;
  ASSERT_TRUE(done.Start({{"", "h"}, {"h", "p"}, {"p", ""}}).ok());
  ASSERT_TRUE(done.Advance(0, "c").ok());
  ASSERT_TRUE(done.Advance(1, "k").ok());
  const Ranges before = done.Done();
  EXPECT_EQ(done.Advance(0, "").code(), absl::StatusCode::kInvalidArgument) << "the table's end";
  EXPECT_EQ(done.Advance(0, "p").code(), absl::StatusCode::kInvalidArgument) << "another's bound";
  EXPECT_EQ(done.Advance(0, "k").code(), absl::StatusCode::kInvalidArgument) << "another's mark";
  EXPECT_EQ(done.Advance(1, "h").code(), absl::StatusCode::kInvalidArgument) << "back to its start";
  EXPECT_EQ(done.Done(), before);
  EXPECT_TRUE(done.Advance(0, "c").ok()) << "the same mark again";
  EXPECT_EQ(done.Done(), before);
  done.Finish(0);
  EXPECT_EQ(done.Advance(0, "d").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(done.Advance(1, "c").ok()) << "a mark of the ended slice does not limit this one";
}

// --- against a model ------------------------------------------------------------

// The table's rows are the numbers 0 to kRows - 1, each copied or not; a bound is a number's text,
// scrambled so that the order of the texts has no meaning.
constexpr int kRows = 60;

std::string Bound(int row) {
  if (row == 0 || row == kRows) return "";
  return std::to_string((row * 37) % 61) + "x";
}

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {}

  int Roll(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }

  // Cuts every gap at random places.
  void Start(DoneRanges& done) {
    slices_.clear();
    Ranges cut;
    for (int row = 0; row < kRows;) {
      if (copied_[static_cast<std::size_t>(row)]) {
        ++row;
        continue;
      }
      int end = row + 1;
      while (end < kRows && !copied_[static_cast<std::size_t>(end)] && Roll(0, 6) != 0) ++end;
      slices_.push_back({row, row, end});
      cut.push_back({Bound(row), Bound(end)});
      row = end;
    }
    const absl::Status status = done.Start(cut);
    ASSERT_TRUE(status.ok()) << status;
  }

  void Step(DoneRanges& done) {
    if (slices_.empty()) return;
    const std::size_t index =
        static_cast<std::size_t>(Roll(0, static_cast<int>(slices_.size()) - 1));
    Slice& slice = slices_[index];
    if (slice.at == slice.to) return;
    const int at = Roll(slice.at, slice.to);
    if (at == slice.to && Roll(0, 1) == 0) {
      done.Finish(index);
    } else {
      const absl::Status status = done.Advance(index, at == 0 ? "" : Bound(at));
      ASSERT_TRUE(status.ok() || at == slice.at) << status;
    }
    for (int row = slice.at; row < at; ++row) copied_[static_cast<std::size_t>(row)] = true;
    slice.at = at;
  }

  Ranges Expect(bool copied) const {
    Ranges ranges;
    for (int row = 0; row < kRows; ++row) {
      if (copied_[static_cast<std::size_t>(row)] != copied) continue;
      const int from = row;
      while (row + 1 < kRows && copied_[static_cast<std::size_t>(row) + 1] == copied) ++row;
      ranges.push_back({Bound(from), Bound(row + 1)});
    }
    return ranges;
  }

 private:
  struct Slice {
    int from;
    int at;
    int to;
  };

  std::mt19937 random_;
  std::vector<bool> copied_ = std::vector<bool>(kRows, false);
  std::vector<Slice> slices_;
};

TEST(DoneRanges, AgreesWithAModelOverRandomCopiesWithRestarts) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed);
    DoneRanges done;
    for (int sync = 0; sync < 4; ++sync) {
      ASSERT_NO_FATAL_FAILURE(model.Start(done));
      const int steps = model.Roll(0, 25);
      for (int step = 0; step < steps; ++step) {
        ASSERT_NO_FATAL_FAILURE(model.Step(done));
        ASSERT_EQ(done.Done(), model.Expect(true));
        ASSERT_EQ(done.Remaining(), model.Expect(false));
        ASSERT_EQ(done.complete(), model.Expect(false).empty());
      }
      // A restart writes and reads the state; cutting again in the same sync does not.
      if (model.Roll(0, 2) != 0) done = Read(done.Done());
    }
  }
}

}  // namespace
}  // namespace tributary
