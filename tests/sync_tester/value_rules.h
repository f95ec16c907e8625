// Whether a value is allowed in a column. Pure.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_VALUE_RULES_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_VALUE_RULES_H_

#include <string>
#include <string_view>

#include "proto/common.pb.h"
#include "tests/sync_tester/catalog.h"

namespace tributary::tester {

// Empty if the value fits; otherwise what is wrong with it, without the value.
std::string ValueFault(const fivetran_sdk::v2::ValueType& value, const ColumnShape& column);

// For example -12.340: an optional sign, digits, and optionally a point with more digits.
bool IsDecimalText(std::string_view text);

// Whether a decimal text needs at most `precision` digits, `scale` of them after the point. Leading
// and trailing zeros do not count.
bool DecimalFits(std::string_view text, unsigned precision, unsigned scale);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_VALUE_RULES_H_
