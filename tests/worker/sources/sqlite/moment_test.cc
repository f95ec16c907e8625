#include "worker/sources/sqlite/moment.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace tributary::sqlite {
namespace {

constexpr std::int64_t kDay = 1714953600;  // 2024-05-06

TEST(MomentTest, CalendarDatesAreMidnight) {
  for (const auto& [text, seconds] :
       {std::pair("1970-01-01", std::int64_t{0}), std::pair("1969-12-31", std::int64_t{-86400}),
        std::pair("2000-02-29", std::int64_t{951782400}),
        std::pair("0001-01-01", std::int64_t{-62135596800}),
        std::pair("9999-12-31", std::int64_t{253402214400})}) {
    const auto moment = ReadMoment(text);
    ASSERT_TRUE(moment.has_value()) << text;
    EXPECT_EQ(moment->seconds, seconds) << text;
    EXPECT_FALSE(moment->has_time || moment->has_zone) << text;
  }
}

TEST(MomentTest, EachWayToWriteATimeIsRead) {
  for (const auto& [text, seconds, nanoseconds] :
       {std::tuple("2024-05-06 07:08", 25680, 0), std::tuple("2024-05-06T07:08", 25680, 0),
        std::tuple("2024-05-06 07:08:09", 25689, 0),
        std::tuple("2024-05-06T07:08:09.5", 25689, 500000000),
        std::tuple("2024-05-06 07:08:09.123456789", 25689, 123456789),
        std::tuple("2024-05-06 23:59:59.000000001", 86399, 1)}) {
    const auto moment = ReadMoment(text);
    ASSERT_TRUE(moment.has_value()) << text;
    EXPECT_EQ(moment->seconds, kDay + seconds) << text;
    EXPECT_EQ(moment->nanoseconds, nanoseconds) << text;
    EXPECT_TRUE(moment->has_time && !moment->has_zone) << text;
  }
}

TEST(MomentTest, EachWayToWriteAZoneIsRead) {
  for (const auto& [zone, offset] :
       {std::pair("Z", 0), std::pair("z", 0), std::pair(" Z", 0), std::pair(" UTC", 0),
        std::pair("UTC", 0), std::pair("+00:00", 0), std::pair("-00:00", 0),
        std::pair(" +00:00", 0), std::pair("+0000", 0), std::pair(" +0000 UTC", 0),
        std::pair("+02", 7200), std::pair("-05:30", -19800), std::pair(" +0200 CEST", 7200),
        std::pair("+14:00", 50400)}) {
    for (const char* time : {"07:08", "07:08:09", "07:08:09.25"}) {
      const std::string text = std::string("2024-05-06 ") + time + zone;
      const auto moment = ReadMoment(text);
      ASSERT_TRUE(moment.has_value()) << text;
      EXPECT_TRUE(moment->has_zone) << text;
      EXPECT_EQ(moment->offset, offset) << text;
      EXPECT_EQ(moment->seconds, ReadMoment(std::string("2024-05-06 ") + time)->seconds) << text;
      EXPECT_EQ(UtcSeconds(*moment, false), moment->seconds - offset) << text;
    }
  }
}

TEST(MomentTest, WhatIsNoMomentIsNotRead) {
  for (const char* text : {"",
                           "2023-02-29",
                           "1900-02-29",
                           "2024-13-01",
                           "2024-00-01",
                           "2024-01-32",
                           "2024-01-00",
                           "0000-01-01",
                           "2024-1-1",
                           "2024-01-01 ",
                           "24-01-01",
                           "2024/01/01",
                           "-2024-01-01",
                           "10000-01-01",
                           "2024-05-06Z",
                           "2024-05-06 24:00",
                           "2024-05-06 07:60",
                           "2024-05-06 07:08:60",
                           "2024-05-06 07:08:09.",
                           "2024-05-06 07:08:09.Z",
                           "2024-05-06 07:08:09.1234567890",
                           "2024-05-06_07:08",
                           "2024-05-06t07:08",
                           "2024-02-30 07:08",
                           "07:08",
                           "2024-05-06 07:08 ",
                           "2024-05-06 07:08 AM",
                           "2024-05-06 07:08  Z",
                           "2024-05-06 07:08ZZ",
                           "2024-05-06 07:08+",
                           "2024-05-06 07:08+2",
                           "2024-05-06 07:08+15:00",
                           "2024-05-06 07:08+02:60",
                           "2024-05-06 07:08+02:",
                           "2024-05-06 07:08+02:00:00",
                           "2024-05-06 07:08+02:00 ",
                           "2024-05-06 07:08+02:00 ABCDEF",
                           "2024-05-06 07:08+02:00[Europe/Paris]",
                           "2024-05-06 07:08 -0700 -07"}) {
    EXPECT_FALSE(ReadMoment(text).has_value()) << text;
  }
}

struct Case {
  const char* text;
  // Whether it is accepted as a date, as a time without a zone, as a time with a zone; in a key.
  bool date, naive, utc;
  bool key_date, key_naive, key_utc;
};

TEST(MomentTest, ADateATimeAndATimeWithAZoneFitWhereNothingOfThemIsLost) {
  for (const Case& c : {
           Case{"2024-05-06", true, true, false, true, false, false},
           Case{"2024-05-06 00:00", true, true, false, false, false, false},
           Case{"2024-05-06 00:00:00", true, true, false, false, true, false},
           Case{"2024-05-06T00:00:00.000", true, true, false, false, false, false},
           Case{"2024-05-06 00:00:00+00:00", true, false, true, false, false, true},
           Case{"2024-05-06T00:00:00.000Z", true, false, true, false, false, false},
           Case{"2024-05-06 00:00:00+02:00", false, false, true, false, false, false},
           Case{"2024-05-06 07:08:09", false, true, false, false, true, false},
           Case{"2024-05-06 07:08:09.5", false, true, false, false, true, false},
           Case{"2024-05-06 07:08:09.50", false, true, false, false, false, false},
           Case{"2024-05-06 07:08:09.5+00:00", false, false, true, false, false, true},
           Case{"2024-05-06 07:08:09.50+00:00", false, false, true, false, false, false},
           Case{"2024-05-06 07:08:09-00:00", false, false, true, false, false, false},
           Case{"2024-05-06 07:08:09 +00:00", false, false, true, false, false, false},
           Case{"2024-05-06 07:08:09.000001", false, true, false, false, true, false},
           Case{"2024-05-06 07:08:09.0000001", false, true, false, false, false, false},
           Case{"2024-05-06 07:08:09.000001+00:00", false, false, true, false, false, true},
           Case{"2024-05-06 07:08:09.0000001+00:00", false, false, true, false, false, false},
           Case{"0001-01-01 00:00:00+01:00", false, false, false, false, false, false},
           Case{"9999-12-31 23:59:59-00:01", false, false, false, false, false, false},
       }) {
    const auto moment = ReadMoment(c.text);
    ASSERT_TRUE(moment.has_value()) << c.text;
    EXPECT_EQ(NaiveDate(*moment, false).has_value(), c.date) << c.text;
    EXPECT_EQ(IsNaiveDatetime(*moment, false), c.naive) << c.text;
    EXPECT_EQ(UtcSeconds(*moment, false).has_value(), c.utc) << c.text;
    EXPECT_EQ(NaiveDate(*moment, true).has_value(), c.key_date) << c.text;
    EXPECT_EQ(IsNaiveDatetime(*moment, true), c.key_naive) << c.text;
    EXPECT_EQ(UtcSeconds(*moment, true).has_value(), c.key_utc) << c.text;
  }
}

}  // namespace
}  // namespace tributary::sqlite
