#include "worker/sources/postgresql/numbers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {
namespace {

// Digits in one digit of base 10,000.
constexpr std::size_t kDigitsInGroup = 4;
constexpr std::uint16_t kNumericBase = 10'000;
constexpr std::size_t kNumericHeadBytes = 8;
constexpr std::size_t kMaxDisplayScale = 0x3fff;
// Numeric's own bounds of digits before and after the point.
constexpr std::int64_t kMaxWholeDigits = 131'072;
constexpr std::int64_t kMaxFractionDigits = 16'383;

constexpr std::uint16_t kPositive = 0x0000;
constexpr std::uint16_t kNegative = 0x4000;
constexpr std::uint16_t kNotANumber = 0xc000;
constexpr std::uint16_t kInfinity = 0xd000;
constexpr std::uint16_t kMinusInfinity = 0xf000;

char* PutGroup(char* at, unsigned group) {
  at[0] = static_cast<char>('0' + group / 1000);
  at[1] = static_cast<char>('0' + group / 100 % 10);
  at[2] = static_cast<char>('0' + group / 10 % 10);
  at[3] = static_cast<char>('0' + group % 10);
  return at + kDigitsInGroup;
}

char* PutFirstGroup(char* at, unsigned group) {
  if (group >= 1000) return PutGroup(at, group);
  if (group >= 100) *at++ = static_cast<char>('0' + group / 100);
  if (group >= 10) *at++ = static_cast<char>('0' + group / 10 % 10);
  *at++ = static_cast<char>('0' + group % 10);
  return at;
}

// A real's digits, without a point, and its value's exponent: d.ddd * 10^exponent.
struct Digits {
  std::array<char, 40> text;
  std::size_t size = 0;
  int exponent = 0;
  bool negative = false;

  std::string_view view() const { return {text.data(), size}; }
};

template <typename Real>
constexpr int kMantissaBits = std::numeric_limits<Real>::digits;

// Whether `digits` is exactly half way between `value` and one of its neighbours. That
// reads back as `value` where its last bit is even; the server does not count on such
// rules of reading, so it prints one more digit.
template <typename Real>
bool IsHalfWay(const Digits& digits, Real value) {
  // Only an integer beyond the mantissa can be, where it ends with zeros.
  const int zeros = digits.exponent + 1 - static_cast<int>(digits.size);
  if (zeros < 1 || zeros > 27) return false;
  std::uint64_t number = 0;
  std::from_chars(digits.text.data(), digits.text.data() + digits.size, number);
  unsigned __int128 odd = number;
  for (int i = 0; i < zeros; ++i) odd *= 5;
  int power = zeros;
  while ((odd & 1) == 0) {
    odd >>= 1;
    ++power;
  }
  int exponent = 0;
  const Real mantissa = std::frexp(std::fabs(value), &exponent);
  const auto bits = static_cast<std::uint64_t>(std::ldexp(mantissa, kMantissaBits<Real>));
  exponent -= kMantissaBits<Real>;
  // The half ways are odd, one bit further down; two where the neighbour below is nearer.
  const bool above = odd == 2 * static_cast<unsigned __int128>(bits) + 1 && power == exponent - 1;
  const bool below = odd == 2 * static_cast<unsigned __int128>(bits) - 1 && power == exponent - 1;
  const bool near = std::has_single_bit(bits) &&
                    odd == 4 * static_cast<unsigned __int128>(bits) - 1 && power == exponent - 2;
  return above || below || near;
}

// Takes apart what std::to_chars writes: "-d.ddde+XX".
void TakeApart(const char* at, const char* end, Digits& digits) {
  digits.negative = *at == '-';
  if (digits.negative) ++at;
  digits.size = 0;
  for (; at != end && *at != 'e'; ++at) {
    if (*at != '.') digits.text[digits.size++] = *at;
  }
  if (at != end) ++at;
  if (at != end && *at == '+') ++at;
  std::from_chars(at, end, digits.exponent);
  while (digits.size > 1 && digits.text[digits.size - 1] == '0') --digits.size;
}

template <typename Real>
Digits ShortestDigits(Real value) {
  std::array<char, 64> room;
  Digits digits;
  const auto format = std::chars_format::scientific;
  TakeApart(room.data(), std::to_chars(room.data(), room.data() + room.size(), value, format).ptr,
            digits);
  for (int more = static_cast<int>(digits.size);
       more <= std::numeric_limits<Real>::max_digits10 && IsHalfWay(digits, value); ++more) {
    // `more` digits after the point are one more in all. It has to read back.
    const char* const end =
        std::to_chars(room.data(), room.data() + room.size(), value, format, more).ptr;
    Real back = 0;
    std::from_chars(room.data(), end, back);
    if (back == value) TakeApart(room.data(), end, digits);
  }
  return digits;
}

// Digits with a point in its place and no exponent.
void AppendFixed(std::string_view digits, std::int64_t exponent, std::string& out) {
  if (exponent < 0) {
    out.append("0.");
    out.append(static_cast<std::size_t>(-exponent) - 1, '0');
    out.append(digits);
    return;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) {
    out.append(digits);
    out.append(whole - digits.size(), '0');
    return;
  }
  out.append(digits.substr(0, whole));
  out.push_back('.');
  out.append(digits.substr(whole));
}

void AppendScientific(const Digits& digits, std::string& out) {
  out.push_back(digits.text[0]);
  if (digits.size > 1) {
    out.push_back('.');
    out.append(digits.view().substr(1));
  }
  out.push_back('e');
  out.push_back(digits.exponent < 0 ? '-' : '+');
  const int exponent = std::abs(digits.exponent);
  if (exponent < 10) out.push_back('0');
  AppendInteger(exponent, out);
}

template <typename Real>
void AppendAnyReal(Real value, std::string& out) {
  if (std::isnan(value)) {
    out.append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out.append(value > 0 ? "Infinity" : "-Infinity");
    return;
  }
  const Digits digits = ShortestDigits(value);
  if (digits.negative) out.push_back('-');
  // As printf's %g decides with the digits that are always exact.
  if (digits.exponent >= -4 && digits.exponent < std::numeric_limits<Real>::digits10) {
    AppendFixed(digits.view(), digits.exponent, out);
  } else {
    AppendScientific(digits, out);
  }
}

template <typename Real>
bool AppendAnyPlainReal(Real value, std::string& out) {
  if (!std::isfinite(value)) return false;
  if (value == 0) {
    out.push_back('0');
    return true;
  }
  const Digits digits = ShortestDigits(value);
  if (digits.negative) out.push_back('-');
  AppendFixed(digits.view(), digits.exponent, out);
  return true;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

NumericKind AppendNumeric(std::string_view bytes, std::string& out) {
  if (bytes.size() < kNumericHeadBytes) return NumericKind::kMalformed;
  const std::size_t groups = LoadBigEndian<std::uint16_t>(bytes.data());
  const std::int32_t weight = LoadBigEndian<std::int16_t>(bytes.data() + 2);
  const auto sign = LoadBigEndian<std::uint16_t>(bytes.data() + 4);
  const std::size_t scale = LoadBigEndian<std::uint16_t>(bytes.data() + 6);
  if (bytes.size() != kNumericHeadBytes + 2 * groups) return NumericKind::kMalformed;
  if (sign == kNotANumber) return NumericKind::kNotANumber;
  if (sign == kInfinity) return NumericKind::kInfinity;
  if (sign == kMinusInfinity) return NumericKind::kMinusInfinity;
  if ((sign != kPositive && sign != kNegative) || scale > kMaxDisplayScale) {
    return NumericKind::kMalformed;
  }
  const char* const groups_at = bytes.data() + kNumericHeadBytes;
  // Group i, 0 where it is not written out.
  bool fits = true;
  const auto group = [&fits, groups_at, groups](std::int32_t i) -> unsigned {
    if (i < 0 || static_cast<std::size_t>(i) >= groups) return 0;
    const auto value = LoadBigEndian<std::uint16_t>(groups_at + 2 * i);
    fits = fits && value < kNumericBase;
    return value;
  };
  const std::size_t whole_groups = weight < 0 ? 0 : static_cast<std::size_t>(weight) + 1;
  const std::size_t before = out.size();
  // Sign, a zero, the point, and what of the last group is cut off.
  out.resize(before + 3 + whole_groups * kDigitsInGroup + scale + kDigitsInGroup);
  char* at = out.data() + before;
  if (sign == kNegative && groups > 0) *at++ = '-';
  if (whole_groups == 0) {
    *at++ = '0';
  } else {
    at = PutFirstGroup(at, group(0));
    for (std::int32_t i = 1; i <= weight; ++i) at = PutGroup(at, group(i));
  }
  if (scale > 0) {
    *at++ = '.';
    char* const end = at + scale;
    for (std::int32_t i = weight + 1; at < end; ++i) at = PutGroup(at, group(i));
    at = end;
  }
  out.resize(fits ? static_cast<std::size_t>(at - out.data()) : before);
  return fits ? NumericKind::kFinite : NumericKind::kMalformed;
}

bool AppendNumericText(std::string_view bytes, std::string& out) {
  switch (AppendNumeric(bytes, out)) {
    case NumericKind::kFinite:
      return true;
    case NumericKind::kNotANumber:
      out.append("NaN");
      return true;
    case NumericKind::kInfinity:
      out.append("Infinity");
      return true;
    case NumericKind::kMinusInfinity:
      out.append("-Infinity");
      return true;
    case NumericKind::kMalformed:
      break;
  }
  return false;
}

void AppendInteger(std::int64_t value, std::string& out) {
  std::array<char, 24> room;
  out.append(room.data(), std::to_chars(room.data(), room.data() + room.size(), value).ptr);
}

void AppendUnsigned(std::uint64_t value, std::string& out) {
  std::array<char, 24> room;
  out.append(room.data(), std::to_chars(room.data(), room.data() + room.size(), value).ptr);
}

void AppendMoney(std::int64_t units, int digits, std::string& out) {
  const auto size =
      units < 0 ? -static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units);
  std::string text;
  AppendUnsigned(size, text);
  const auto fraction = static_cast<std::size_t>(std::max(digits, 0));
  if (text.size() <= fraction) text.insert(0, fraction + 1 - text.size(), '0');
  if (units < 0) out.push_back('-');
  out.append(text, 0, text.size() - fraction);
  if (fraction == 0) return;
  out.push_back('.');
  out.append(text, text.size() - fraction);
}

void AppendMoneyText(std::int64_t units, int digits, std::string& out) {
  std::string text;
  AppendMoney(units, digits, text);
  if (units < 0) out.push_back('-');
  out.push_back('$');
  const std::size_t from = units < 0 ? 1 : 0;
  const std::size_t point = std::min(text.find('.'), text.size());
  for (std::size_t at = from; at < text.size(); ++at) {
    if (at > from && at < point && (point - at) % 3 == 0) out.push_back(',');
    out.push_back(text[at]);
  }
}

void AppendReal(double value, std::string& out) { AppendAnyReal(value, out); }
void AppendReal(float value, std::string& out) { AppendAnyReal(value, out); }
bool AppendPlainReal(double value, std::string& out) { return AppendAnyPlainReal(value, out); }
bool AppendPlainReal(float value, std::string& out) { return AppendAnyPlainReal(value, out); }

bool AppendPlainNumber(std::string_view number, std::string& out) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const std::size_t mark = std::min(number.find_first_of("eE"), number.size());
  std::int64_t exponent = 0;
  if (mark < number.size()) {
    const char* from = number.data() + mark + 1;
    const char* const end = number.data() + number.size();
    if (from != end && *from == '+') ++from;
    const auto read = std::from_chars(from, end, exponent);
    if (read.ec != std::errc() || read.ptr != end) return false;
  }
  const std::string_view mantissa = number.substr(0, mark);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string digits(mantissa.substr(0, point));
  const std::int64_t whole = static_cast<std::int64_t>(point) + exponent;
  if (point < mantissa.size()) digits.append(mantissa.substr(point + 1));
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), IsDigit)) return false;
  // All digits after the point are shown, and none where the exponent leaves none.
  const std::int64_t shown =
      std::max<std::int64_t>(static_cast<std::int64_t>(digits.size()) - whole, 0);
  if (exponent > kMaxWholeDigits || exponent < -kMaxWholeDigits) return false;
  const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  const bool zero = zeros == digits.size();
  if (shown > kMaxFractionDigits) return false;
  if (!zero && whole - static_cast<std::int64_t>(zeros) > kMaxWholeDigits) return false;
  if (negative && !zero) out.push_back('-');
  // What is before the point, without zeros at its start; what is after it, as shown.
  if (zero || whole <= static_cast<std::int64_t>(zeros)) {
    out.push_back('0');
  } else {
    const auto end = std::min(static_cast<std::size_t>(whole), digits.size());
    out.append(digits, zeros, end - zeros);
    out.append(static_cast<std::size_t>(whole) - end, '0');
  }
  if (shown == 0) return true;
  out.push_back('.');
  if (whole < 0) out.append(static_cast<std::size_t>(-whole), '0');
  out.append(digits, static_cast<std::size_t>(std::max<std::int64_t>(whole, 0)));
  return true;
}

}  // namespace tributary::postgresql
