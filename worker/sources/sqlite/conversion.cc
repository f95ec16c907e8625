#include "worker/sources/sqlite/conversion.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "worker/sources/sqlite/types.h"

namespace tributary::sqlite {
namespace {

bool IsDigit(char c) { return '0' <= c && c <= '9'; }

// Exactly `digits` of them at the front of `text`; takes them off.
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
  return days * 86400;
}

// Digits with at most one sign and one point, as they are to be sent.
std::optional<std::string_view> Fitted(bool negative, std::string_view whole,
                                       std::string_view fraction, std::uint32_t precision,
                                       std::uint32_t scale, NumberText& room) {
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  const std::uint32_t most = precision == 0 ? kMaxDecimalPrecision : precision;
  // Zeros that the declared scale has no place for say nothing.
  const std::size_t kept = precision == 0 ? 0 : scale;
  while (fraction.size() > kept && fraction.back() == '0') fraction.remove_suffix(1);
  if (precision != 0 && (fraction.size() > scale || whole.size() > precision - scale)) {
    return std::nullopt;
  }
  if (whole.size() + fraction.size() > most) return std::nullopt;
  const bool zero = whole.empty() && fraction.find_first_not_of('0') == std::string_view::npos;
  char* at = room.data();
  if (negative && !zero) *at++ = '-';
  if (whole.empty()) *at++ = '0';
  at = std::copy(whole.begin(), whole.end(), at);
  if (!fraction.empty()) {
    *at++ = '.';
    at = std::copy(fraction.begin(), fraction.end(), at);
  }
  return std::string_view(room.data(), static_cast<std::size_t>(at - room.data()));
}

}  // namespace

bool IsJson(std::string_view text) {
  // The library passes over a byte order mark and takes a NUL for the end.
  return !text.starts_with("\xef\xbb\xbf") && text.find('\0') == std::string_view::npos &&
         nlohmann::json::accept(text);
}

std::optional<std::int64_t> DateSeconds(std::string_view text) {
  const auto seconds = TakeDate(text);
  return text.empty() ? seconds : std::nullopt;
}

std::optional<Moment> DatetimeMoment(std::string_view text) {
  const auto day = TakeDate(text);
  if (!day || !(TakeChar(text, ' ') || TakeChar(text, 'T'))) return std::nullopt;
  const auto hour = TakeNumber(text, 2);
  if (!hour || *hour > 23 || !TakeChar(text, ':')) return std::nullopt;
  const auto minute = TakeNumber(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  Moment moment{.seconds = *day + *hour * 3600 + *minute * 60, .nanoseconds = 0};
  if (text.empty()) return moment;
  if (!TakeChar(text, ':')) return std::nullopt;
  const auto second = TakeNumber(text, 2);
  if (!second || *second > 59) return std::nullopt;
  moment.seconds += *second;
  if (text.empty()) return moment;
  if (!TakeChar(text, '.') || text.empty() || text.size() > 9) return std::nullopt;
  int scale = 1'000'000'000;
  for (const char digit : text) {
    if (!IsDigit(digit)) return std::nullopt;
    scale /= 10;
    moment.nanoseconds += (digit - '0') * scale;
  }
  return moment;
}

bool IsCanonicalDatetime(std::string_view text) {
  constexpr std::size_t kToSeconds = 19;
  return text.size() >= kToSeconds && text[10] == ' ' &&
         (text.size() == kToSeconds || text.back() != '0');
}

std::optional<std::string_view> DecimalDigits(std::int64_t value, std::uint32_t precision,
                                              std::uint32_t scale, NumberText& room) {
  NumberText digits;
  std::string_view text = IntegerText(value, digits);
  const bool negative = TakeChar(text, '-');
  return Fitted(negative, text, {}, precision, scale, room);
}

std::optional<std::string_view> DecimalDigits(double value, std::uint32_t precision,
                                              std::uint32_t scale, NumberText& room) {
  if (!std::isfinite(value)) return std::nullopt;
  NumberText digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed)
          .ptr;
  return DecimalDigits(
      std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())), precision,
      scale, room);
}

std::optional<std::string_view> DecimalDigits(std::string_view text, std::uint32_t precision,
                                              std::uint32_t scale, NumberText& room) {
  const bool negative = TakeChar(text, '-');
  if (!negative) TakeChar(text, '+');
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point < text.size() ? text.substr(point + 1) : "";
  if (whole.empty() && fraction.empty()) return std::nullopt;
  if (!std::all_of(whole.begin(), whole.end(), IsDigit)) return std::nullopt;
  if (!std::all_of(fraction.begin(), fraction.end(), IsDigit)) return std::nullopt;
  return Fitted(negative, whole, fraction, precision, scale, room);
}

bool IsExactDouble(std::int64_t value) {
  const std::uint64_t size =
      value < 0 ? -static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  return size == 0 || 64 - std::countl_zero(size) - std::countr_zero(size) <= 53;
}

std::string_view IntegerText(std::int64_t value, NumberText& room) {
  const char* const end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

std::string_view RealText(double value, NumberText& room) {
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char* end = std::to_chars(room.data(), room.data() + room.size(), value).ptr;
  const bool like_integer =
      std::all_of(room.data(), end, [](char c) { return IsDigit(c) || c == '-'; });
  if (like_integer) {
    *end++ = '.';
    *end++ = '0';
  }
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

void BlobText(std::string_view bytes, std::string& text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  text.assign("x'");
  text.reserve(2 * bytes.size() + 3);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  text.push_back('\'');
}

}  // namespace tributary::sqlite
