// PostgreSQL's numbers as text: numeric and money from their binary forms, and real and
// double precision with the digits that the server prints. Pure functions; each appends
// to `out`.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NUMBERS_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NUMBERS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace tributary::postgresql {

enum class NumericKind { kFinite, kNotANumber, kInfinity, kMinusInfinity, kMalformed };

// numeric_send (src/backend/utils/adt/numeric.c), in 16 bits each: the number of digits,
// the weight of the first, sign, how many decimal digits are shown after the point; then
// the digits, base 10,000. A finite number is appended as the server prints it: all its
// digits, with as many after the point as it shows. At most 131,072 + 16,383 of them.
NumericKind AppendNumeric(std::string_view bytes, std::string& out);
// As the server prints it, NaN and the infinities too. False: malformed.
bool AppendNumericText(std::string_view bytes, std::string& out);

// money is an integer of the smallest unit of lc_monetary's currency, `digits` of which
// are after the point. As a decimal: "-1234.56".
void AppendMoney(std::int64_t units, int digits, std::string& out);
// As the server prints it where lc_monetary is C or en_US: "-$1,234.56".
void AppendMoneyText(std::int64_t units, int digits, std::string& out);

void AppendInteger(std::int64_t value, std::string& out);
void AppendUnsigned(std::uint64_t value, std::string& out);

// The shortest digits that only this number reads back as, as float8out and float4out
// print them (extra_float_digits of 1 or more): "0.1", "1e+15", "-0", "NaN", "Infinity".
void AppendReal(double value, std::string& out);
void AppendReal(float value, std::string& out);
// The same digits as a numeric prints them, without an exponent: "1000000000000000".
// False where the number is not finite; nothing is appended.
bool AppendPlainReal(double value, std::string& out);
bool AppendPlainReal(float value, std::string& out);

// A decimal number of digits and, where it has one, an exponent ("-1.50e-3"), as numeric
// reads and prints it: "-0.00150". False where it is no such number, or its exponent is
// beyond what numeric takes; nothing is appended.
bool AppendPlainNumber(std::string_view number, std::string& out);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NUMBERS_H_
