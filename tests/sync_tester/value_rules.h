// Whether one value may stand in one column. Pure.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_VALUE_RULES_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_VALUE_RULES_H_

#include <string>
#include <string_view>

#include "proto/common.pb.h"
#include "tests/sync_tester/catalog.h"

namespace tributary::tester {

// Empty where the value fits; else what is wrong with it, without the value.
std::string ValueFault(const fivetran_sdk::v2::ValueType& value, const ColumnShape& column);

// As in -12.340: an optional sign, digits, and behind a point digits again.
bool IsDecimalText(std::string_view text);

// Whether a decimal text needs no more than `precision` digits, `scale` of them
// behind the point. Leading and trailing zeros do not count.
bool DecimalFits(std::string_view text, unsigned precision, unsigned scale);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_VALUE_RULES_H_
