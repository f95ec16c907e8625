#include "worker/sources/sqlite/moment.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tributary::sqlite {
namespace {

constexpr std::int64_t kSecondsInDay = 86400;
// 0001-01-01, and the day after 9999-12-31.
constexpr std::int64_t kFirstSecond = -62135596800;
constexpr std::int64_t kEndSecond = 253402300800;
constexpr int kMaxOffsetHours = 14;
constexpr std::size_t kMaxFractionDigits = 9;
constexpr std::size_t kMaxAbbreviation = 5;
constexpr std::size_t kDateBytes = 10;
constexpr std::size_t kBytesToSeconds = 19;
// Destinations keep microseconds.
constexpr std::size_t kBytesToMicroseconds = 26;

bool IsDigit(char c) { return '0' <= c && c <= '9'; }
bool IsLetter(char c) { return ('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z'); }

// Removes exactly `digits` digits from the front of `text`.
std::optional<int> TakeNumber(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t at = 0; at < digits; ++at) {
    if (!IsDigit(text[at])) return std::nullopt;
    value = value * 10 + (text[at] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

bool TakeWord(std::string_view& text, std::string_view wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(wanted.size());
  return true;
}

std::optional<std::int64_t> TakeDate(std::string_view& text) {
  const auto year = TakeNumber(text, 4);
  if (!year || *year < 1 || !TakeChar(text, '-')) return std::nullopt;
  const auto month = TakeNumber(text, 2);
  if (!month || *month < 1 || *month > 12 || !TakeChar(text, '-')) return std::nullopt;
  const auto day = TakeNumber(text, 2);
  if (!day || *day < 1) return std::nullopt;
  const bool leap = *year % 4 == 0 && (*year % 100 != 0 || *year % 400 == 0);
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int last = kDays[static_cast<std::size_t>(*month - 1)] + (*month == 2 && leap ? 1 : 0);
  if (*day > last) return std::nullopt;
  // Years that begin in March, so that the leap day is the last one.
  const int shifted = *month > 2 ? *year : *year - 1;
  const int months = (*month + 9) % 12;
  const std::int64_t days = 365LL * shifted + shifted / 4 - shifted / 100 + shifted / 400 +
                            (153 * months + 2) / 5 + *day - 1 - 719468;
  return days * kSecondsInDay;
}

// The digits after the point; false if there are none or too many.
bool TakeFraction(std::string_view& text, std::int32_t& nanoseconds) {
  std::size_t digits = 0;
  std::int32_t scale = 1'000'000'000;
  for (; digits < text.size() && IsDigit(text[digits]); ++digits) {
    if (digits == kMaxFractionDigits) return false;
    scale /= 10;
    nanoseconds += (text[digits] - '0') * scale;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

bool TakeTime(std::string_view& text, Moment& moment) {
  const auto hour = TakeNumber(text, 2);
  if (!hour || *hour > 23 || !TakeChar(text, ':')) return false;
  const auto minute = TakeNumber(text, 2);
  if (!minute || *minute > 59) return false;
  moment.has_time = true;
  moment.seconds += *hour * 3600 + *minute * 60;
  if (!TakeChar(text, ':')) return true;
  const auto second = TakeNumber(text, 2);
  if (!second || *second > 59) return false;
  moment.seconds += *second;
  return !TakeChar(text, '.') || TakeFraction(text, moment.nanoseconds);
}

// The rest of the text.
bool TakeZone(std::string_view text, Moment& moment) {
  moment.has_zone = true;
  TakeChar(text, ' ');
  if (TakeChar(text, 'Z') || TakeChar(text, 'z') || TakeWord(text, "UTC")) return text.empty();
  const bool west = TakeChar(text, '-');
  if (!west && !TakeChar(text, '+')) return false;
  const auto hours = TakeNumber(text, 2);
  if (!hours || *hours > kMaxOffsetHours) return false;
  int minutes = 0;
  if (TakeChar(text, ':') || (!text.empty() && text.front() != ' ')) {
    const auto taken = TakeNumber(text, 2);
    if (!taken || *taken > 59) return false;
    minutes = *taken;
  }
  moment.offset = (west ? -1 : 1) * (*hours * 3600 + minutes * 60);
  if (text.empty()) return true;
  return TakeChar(text, ' ') && !text.empty() && text.size() <= kMaxAbbreviation &&
         std::all_of(text.begin(), text.end(), IsLetter);
}

bool IsCanonicalTime(std::string_view text) {
  return text.size() >= kBytesToSeconds && text.size() <= kBytesToMicroseconds &&
         text[kDateBytes] == ' ' && (text.size() == kBytesToSeconds || text.back() != '0');
}

}  // namespace

std::optional<Moment> ReadMoment(std::string_view text) {
  std::string_view rest = text;
  const auto day = TakeDate(rest);
  if (!day) return std::nullopt;
  Moment moment{.seconds = *day};
  if (rest.empty()) {
    moment.canonical = true;
    return moment;
  }
  if (!TakeChar(rest, ' ') && !TakeChar(rest, 'T')) return std::nullopt;
  if (!TakeTime(rest, moment)) return std::nullopt;
  const std::string_view clock = text.substr(0, text.size() - rest.size());
  moment.canonical = IsCanonicalTime(clock) && (rest.empty() || rest == "+00:00");
  if (!rest.empty() && !TakeZone(rest, moment)) return std::nullopt;
  return moment;
}

std::optional<std::int64_t> NaiveDate(const Moment& moment, bool in_key) {
  const bool midnight =
      moment.seconds % kSecondsInDay == 0 && moment.nanoseconds == 0 && moment.offset == 0;
  if (!midnight || (in_key && moment.has_time)) return std::nullopt;
  return moment.seconds;
}

bool IsNaiveDatetime(const Moment& moment, bool in_key) {
  return !moment.has_zone && !(in_key && !(moment.has_time && moment.canonical));
}

std::optional<std::int64_t> UtcSeconds(const Moment& moment, bool in_key) {
  const std::int64_t seconds = moment.seconds - moment.offset;
  if (!moment.has_zone || (in_key && !moment.canonical)) return std::nullopt;
  if (seconds < kFirstSecond || seconds >= kEndSecond) return std::nullopt;
  return seconds;
}

}  // namespace tributary::sqlite
