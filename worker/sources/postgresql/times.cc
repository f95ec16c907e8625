#include "worker/sources/postgresql/times.h"

#include <array>
#include <cstddef>

#include "worker/sources/postgresql/numbers.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {
namespace {

constexpr std::int64_t kMicrosInDay = kSecondsInDay * kMicrosInSecond;
constexpr std::int64_t kMicrosInHour = 3600 * kMicrosInSecond;
constexpr std::int64_t kMicrosInMinute = 60 * kMicrosInSecond;
// The server takes no zone that is further from UTC.
constexpr std::int32_t kLargestZoneSeconds = 16 * 3600 - 1;

void AppendTwoDigits(std::int64_t value, std::string& out) {
  out.push_back(static_cast<char>('0' + value / 10));
  out.push_back(static_cast<char>('0' + value % 10));
}

struct Day {
  // Year 0 is 1 BC.
  std::int64_t year;
  int month;
  int day;
};

// By years that begin in March, in eras of 400 of them.
Day DayOf(std::int64_t days) {
  constexpr std::int64_t kDaysInEra = 146'097;
  // From 0000-03-01 to 2000-01-01.
  const std::int64_t shifted = days + 730'425;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - kDaysInEra + 1) / kDaysInEra;
  const std::int64_t day_of_era = shifted - era * kDaysInEra;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month = static_cast<int>((5 * day_of_year + 2) / 153);
  const int day = static_cast<int>(day_of_year) - (153 * month + 2) / 5 + 1;
  const bool next_year = month >= 10;
  return {.year = year_of_era + era * 400 + (next_year ? 1 : 0),
          .month = next_year ? month - 9 : month + 3,
          .day = day};
}

// Without the era.
void AppendDay(const Day& day, std::string& out) {
  const std::int64_t year = day.year > 0 ? day.year : 1 - day.year;
  for (std::int64_t least = 1000; least > 1 && year < least; least /= 10) out.push_back('0');
  AppendInteger(year, out);
  out.push_back('-');
  AppendTwoDigits(day.month, out);
  out.push_back('-');
  AppendTwoDigits(day.day, out);
}

// ".5", ".000001", or nothing.
void AppendFraction(std::int64_t micros, std::string& out) {
  if (micros == 0) return;
  std::array<char, 7> text;
  text[0] = '.';
  std::size_t size = text.size();
  for (std::size_t at = text.size() - 1; at > 0; --at) {
    text[at] = static_cast<char>('0' + micros % 10);
    micros /= 10;
  }
  while (text[size - 1] == '0') --size;
  out.append(text.data(), size);
}

// Of a day: "08:05:09.5".
void AppendClock(std::int64_t micros, std::string& out) {
  AppendTwoDigits(micros / kMicrosInHour, out);
  out.push_back(':');
  AppendTwoDigits(micros / kMicrosInMinute % 60, out);
  out.push_back(':');
  AppendTwoDigits(micros / kMicrosInSecond % 60, out);
  AppendFraction(micros % kMicrosInSecond, out);
}

// One unit of an interval. What came before decides about space and sign: after a
// negative one, a positive one says so.
class IntervalText {
 public:
  explicit IntervalText(std::string& out) : out_(out) {}

  void Unit(std::int64_t value, std::string_view unit) {
    if (value == 0) return;
    if (!empty_) out_.push_back(' ');
    if (after_negative_ && value > 0) out_.push_back('+');
    AppendInteger(value, out_);
    out_.push_back(' ');
    out_.append(unit);
    if (value != 1) out_.push_back('s');
    after_negative_ = value < 0;
    empty_ = false;
  }
  void Clock(std::int64_t micros) {
    if (micros == 0 && !empty_) return;
    if (!empty_) out_.push_back(' ');
    if (micros < 0) {
      out_.push_back('-');
    } else if (after_negative_) {
      out_.push_back('+');
    }
    const auto size =
        micros < 0 ? -static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
    const std::uint64_t hours = size / static_cast<std::uint64_t>(kMicrosInHour);
    if (hours < 10) out_.push_back('0');
    AppendUnsigned(hours, out_);
    const auto rest = static_cast<std::int64_t>(size % static_cast<std::uint64_t>(kMicrosInHour));
    out_.push_back(':');
    AppendTwoDigits(rest / kMicrosInMinute, out_);
    out_.push_back(':');
    AppendTwoDigits(rest / kMicrosInSecond % 60, out_);
    AppendFraction(rest % kMicrosInSecond, out_);
  }

 private:
  std::string& out_;
  bool empty_ = true;
  bool after_negative_ = false;
};

bool TakeClock(WireReader& reader, std::string& out) {
  const auto micros = reader.Take<std::int64_t>();
  if (!reader.ok() || micros < 0 || micros > kMicrosInDay) return false;
  AppendClock(micros, out);
  return true;
}

}  // namespace

void AppendDate(std::int32_t days, std::string& out) {
  if (days == kDateInfinity || days == kDateMinusInfinity) {
    out.append(days > 0 ? "infinity" : "-infinity");
    return;
  }
  const Day day = DayOf(days);
  AppendDay(day, out);
  if (day.year <= 0) out.append(" BC");
}

void AppendTimestamp(std::int64_t micros, TimestampText form, std::string& out) {
  if (micros == kTimestampInfinity || micros == kTimestampMinusInfinity) {
    out.append(micros > 0 ? "infinity" : "-infinity");
    return;
  }
  std::int64_t days = micros / kMicrosInDay;
  std::int64_t clock = micros % kMicrosInDay;
  if (clock < 0) {
    --days;
    clock += kMicrosInDay;
  }
  const Day day = DayOf(days);
  AppendDay(day, out);
  const bool json = form == TimestampText::kJsonNaive || form == TimestampText::kJsonUtc;
  out.push_back(json ? 'T' : ' ');
  AppendClock(clock, out);
  if (form == TimestampText::kUtc) out.append("+00");
  if (form == TimestampText::kJsonUtc) out.append("+00:00");
  if (day.year <= 0) out.append(" BC");
}

bool AppendTime(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  return TakeClock(reader, out) && reader.Ended();
}

bool AppendTimetz(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  if (!TakeClock(reader, out)) return false;
  const auto west = reader.Take<std::int32_t>();
  if (!reader.Ended() || west > kLargestZoneSeconds || west < -kLargestZoneSeconds) return false;
  out.push_back(west <= 0 ? '+' : '-');
  const std::int32_t size = west < 0 ? -west : west;
  AppendTwoDigits(size / 3600, out);
  if (size % 3600 == 0) return true;
  out.push_back(':');
  AppendTwoDigits(size / 60 % 60, out);
  if (size % 60 == 0) return true;
  out.push_back(':');
  AppendTwoDigits(size % 60, out);
  return true;
}

bool AppendInterval(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto micros = reader.Take<std::int64_t>();
  const auto days = reader.Take<std::int32_t>();
  const auto months = reader.Take<std::int32_t>();
  if (!reader.Ended()) return false;
  // From PostgreSQL 17 on; the same numbers are no interval that anybody means before it.
  if (micros == kTimestampInfinity && days == kDateInfinity && months == kDateInfinity) {
    out.append("infinity");
    return true;
  }
  if (micros == kTimestampMinusInfinity && days == kDateMinusInfinity &&
      months == kDateMinusInfinity) {
    out.append("-infinity");
    return true;
  }
  IntervalText text(out);
  text.Unit(months / 12, "year");
  text.Unit(months % 12, "mon");
  text.Unit(days, "day");
  text.Clock(micros);
  return true;
}

}  // namespace tributary::postgresql
