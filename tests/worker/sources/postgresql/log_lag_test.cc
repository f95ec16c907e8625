// The age of a log's lag, computed from the ends and commits of the log that were noted.
#include "worker/sources/postgresql/log_lag.h"

#include <gtest/gtest.h>

namespace tributary::postgresql {
namespace {

TEST(LogLag, LogThatIsReadToItsEndHasNone) {
  LogLag lag;
  EXPECT_EQ(lag.Microseconds(0, 100), 0);
  lag.Note(1000, 100);
  EXPECT_EQ(lag.Microseconds(1000, 200), 0);
  EXPECT_EQ(lag.Microseconds(1000, 900), 0);
}

TEST(LogLag, LagIsAsOldAsTheOldestEndThatIsNotRead) {
  LogLag lag;
  lag.Note(1000, 100);
  lag.Note(2000, 200);
  lag.Note(3000, 300);
  EXPECT_EQ(lag.Microseconds(999, 350), 250);
  EXPECT_EQ(lag.Microseconds(1000, 350), 150);
  EXPECT_EQ(lag.Microseconds(2500, 350), 50);
  EXPECT_EQ(lag.Microseconds(3000, 350), 0);
}

TEST(LogLag, WhatWasWrittenBeforeTheFirstNoteIsAsOldAsItsCommits) {
  LogLag lag;
  lag.Note(1000, 10'000);
  lag.Committed(400);
  EXPECT_EQ(lag.Microseconds(500, 10'100), 9'700);
  // From here on the notes are more accurate: a table that is not followed has no commits here.
  lag.Note(2000, 10'200);
  EXPECT_EQ(lag.Microseconds(1500, 10'300), 100);
}

TEST(LogLag, ClockThatGoesBackMakesNoNegativeLag) {
  LogLag lag;
  lag.Note(1000, 500);
  EXPECT_EQ(lag.Microseconds(0, 400), 0);
}

TEST(LogLag, OldestEndIsRememberedHoweverLongNothingIsRead) {
  LogLag lag;
  constexpr std::int64_t kLong = 100'000;
  for (std::int64_t i = 1; i <= kLong; ++i) lag.Note(static_cast<Lsn>(i), i);
  EXPECT_EQ(lag.Microseconds(0, kLong), kLong - 1);
  // The notes that are kept are still in order.
  const std::int64_t half = lag.Microseconds(kLong / 2, kLong);
  EXPECT_GT(half, 0);
  EXPECT_LE(half, kLong / 2);
  EXPECT_EQ(lag.Microseconds(kLong, kLong), 0);
}

}  // namespace
}  // namespace tributary::postgresql
