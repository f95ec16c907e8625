// How a value of the stream is stored in the warehouse, whose columns have no affinity, so that
// bound values are not converted:
//   bool 0 or 1 · short, int, long INTEGER · float, double REAL (NaN, which SQLite cannot store, as
//   the text NaN) · decimal, string, json, xml TEXT · binary BLOB · dates TEXT: 2024-01-31,
//   2024-01-31T12:00:00.123456789 without trailing zeros in the fraction, and with a Z for UTC.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_STORED_VALUE_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_STORED_VALUE_H_

#include <google/protobuf/timestamp.pb.h>
#include <sqlite3.h>

#include <string>

#include "proto/common.pb.h"

namespace tributary::tester {

// Long values are not copied: `value` must be valid until the statement is reset.
void BindValue(sqlite3_stmt* statement, int at, const fivetran_sdk::v2::ValueType& value);

std::string IsoDate(const google::protobuf::Timestamp& time);
std::string IsoDatetime(const google::protobuf::Timestamp& time);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_STORED_VALUE_H_
