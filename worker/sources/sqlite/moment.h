// Dates and times as applications store them as text in SQLite:
//
//   YYYY-MM-DD                                     a date
//   YYYY-MM-DD[ T]HH:MM[:SS[.fraction]][zone]      a time
//   zone: Z, UTC, +HH, +HHMM or +HH:MM, after a blank or not; an offset may be followed by
//   the zone's abbreviation, as Go prints it
//
// Years 0001 to 9999, up to nine digits of a fraction, offsets of up to 14 hours, like SQLite's own
// functions. Pure functions; none allocates.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_MOMENT_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_MOMENT_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace tributary::sqlite {

struct Moment {
  // Since 1970, in its own time zone; a date is its midnight.
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;
  bool has_time = false;
  bool has_zone = false;
  // East of UTC, in seconds.
  std::int32_t offset = 0;
  // Whether this is the canonical text, the only one accepted in a key, of all texts of its kind (a
  // date, a time, a time with a zone) for the same moment: YYYY-MM-DD, YYYY-MM-DD
  // HH:MM:SS[.fraction], the same with +00:00; a fraction has up to six digits and does not end in
  // 0. Otherwise two keys that spell one moment differently, or differ by less than the microsecond
  //    that destinations keep, would become one row.
  bool canonical = false;

  bool operator==(const Moment&) const = default;
};

std::optional<Moment> ReadMoment(std::string_view text);

// Whether a moment fits each type, and what is sent. `in_key`: only canonical texts fit.

// A date, or a midnight without a zone or in UTC: the seconds.
std::optional<std::int64_t> NaiveDate(const Moment& moment, bool in_key);
// A time or a date without a zone.
bool IsNaiveDatetime(const Moment& moment, bool in_key);
// A time with a zone: its seconds in UTC.
std::optional<std::int64_t> UtcSeconds(const Moment& moment, bool in_key);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_MOMENT_H_
