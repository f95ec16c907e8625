// Whether a SQLite value fits a Fivetran type, and its form there. Pure functions; none allocates
// unless it is given a string to fill.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_CONVERSION_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_CONVERSION_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tributary::sqlite {

// Room for any number's text: a double without exponent has up to 325 characters.
using NumberText = std::array<char, 400>;

// RFC 8259.
bool IsJson(std::string_view text);

// true, false, t, f, in upper or lower case: written by applications that do not use integers.
std::optional<bool> Truth(std::string_view text);

// The decimal's digits, if they fit `precision` and `scale`; precision 0: no limits were declared,
// so up to 38 digits.
std::optional<std::string_view> DecimalDigits(std::int64_t value, std::uint32_t precision,
                                              std::uint32_t scale, NumberText& room);
std::optional<std::string_view> DecimalDigits(double value, std::uint32_t precision,
                                              std::uint32_t scale, NumberText& room);
std::optional<std::string_view> DecimalDigits(std::string_view text, std::uint32_t precision,
                                              std::uint32_t scale, NumberText& room);

// Whether a double holds this integer exactly.
bool IsExactDouble(std::int64_t value);

std::string_view IntegerText(std::int64_t value, NumberText& room);
// The shortest text that gives the same double and never looks like an integer: "1.0", "1e+300",
// "Infinity".
std::string_view RealText(double value, NumberText& room);
// As SQL writes a blob: x'0AFF'.
void BlobText(std::string_view bytes, std::string& text);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_CONVERSION_H_
