#include "worker/sources/sqlite/conversion.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "worker/sources/sqlite/types.h"

namespace tributary::sqlite {
namespace {

bool IsDigit(char c) { return '0' <= c && c <= '9'; }

bool TakeChar(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

// Digits with at most one sign and one point, in the form that is sent.
std::optional<std::string_view> Fitted(bool negative, std::string_view whole,
                                       std::string_view fraction, std::uint32_t precision,
                                       std::uint32_t scale, NumberText& room) {
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  const std::uint32_t most = precision == 0 ? kMaxDecimalPrecision : precision;
  // Zeros beyond the declared scale have no meaning.
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
  // The library skips a byte order mark and treats a NUL as the end.
  return !text.starts_with("\xef\xbb\xbf") && text.find('\0') == std::string_view::npos &&
         nlohmann::json::accept(text);
}

std::optional<bool> Truth(std::string_view text) {
  const auto is = [text](std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
      return absl::ascii_tolower(static_cast<unsigned char>(a)) == b;
    });
  };
  if (is("true") || is("t")) return true;
  if (is("false") || is("f")) return false;
  return std::nullopt;
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
