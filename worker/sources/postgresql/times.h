// PostgreSQL's dates and times: the values that Fivetran's types can hold, and their texts.
// Pure functions.
//
// On the wire a date counts days and a timestamp microseconds from 2000-01-01, in the
// Gregorian calendar in every century; the smallest and the largest number are
// -infinity and infinity. A timestamptz is in UTC; its text is what a session in UTC
// prints. Texts are those of DateStyle ISO and IntervalStyle postgres.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TIMES_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TIMES_H_

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace tributary::postgresql {

inline constexpr std::int32_t kDateInfinity = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int32_t kDateMinusInfinity = std::numeric_limits<std::int32_t>::min();
inline constexpr std::int64_t kTimestampInfinity = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kTimestampMinusInfinity = std::numeric_limits<std::int64_t>::min();

inline constexpr std::int64_t kSecondsInDay = 86'400;
inline constexpr std::int64_t kMicrosInSecond = 1'000'000;
// From 1970-01-01 to 2000-01-01.
inline constexpr std::int64_t kDaysToEpoch = 10'957;
// 0001-01-01 and the day after 9999-12-31, from 2000-01-01: between them are the moments
// that Fivetran's types hold.
inline constexpr std::int64_t kFirstDay = -730'119;
inline constexpr std::int64_t kDayAfterLast = 2'921'940;

// A moment as the encoder takes it.
struct Moment {
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;
};
inline Moment MomentOf(std::int64_t micros) {
  std::int64_t seconds = micros / kMicrosInSecond;
  std::int64_t rest = micros % kMicrosInSecond;
  if (rest < 0) {
    --seconds;
    rest += kMicrosInSecond;
  }
  return {.seconds = seconds + kDaysToEpoch * kSecondsInDay,
          .nanoseconds = static_cast<std::int32_t>(rest * 1000)};
}
inline bool IsSendableDate(std::int32_t days) { return days >= kFirstDay && days < kDayAfterLast; }
inline bool IsSendableTimestamp(std::int64_t micros) {
  constexpr std::int64_t kMicrosInDay = kSecondsInDay * kMicrosInSecond;
  return micros >= kFirstDay * kMicrosInDay && micros < kDayAfterLast * kMicrosInDay;
}

enum class TimestampText {
  // "2024-01-31 08:05:09.5"; the server's own.
  kNaive,
  // "2024-01-31 08:05:09.5+00"
  kUtc,
  // As to_jsonb prints them: "2024-01-31T08:05:09.5", and with "+00:00".
  kJsonNaive,
  kJsonUtc,
};

// "2024-01-31", "0044-03-15 BC", "infinity"; the same in JSON.
void AppendDate(std::int32_t days, std::string& out);
void AppendTimestamp(std::int64_t micros, TimestampText form, std::string& out);

// time_send: microseconds, "24:00:00" included. timetz_send: those, and 32 bits of seconds
// west of UTC. interval_send: microseconds, 32 bits of days and of months. False: malformed.
bool AppendTime(std::string_view bytes, std::string& out);
bool AppendTimetz(std::string_view bytes, std::string& out);
// "1 year 2 mons -3 days +04:05:06.7"
bool AppendInterval(std::string_view bytes, std::string& out);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TIMES_H_
