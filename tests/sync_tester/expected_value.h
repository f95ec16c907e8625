// The value that a reader of the connector's documentation expects in the destination for a value
// of a SQLite source, and the value in the warehouse, both in one canonical form: they are equal if
// the bytes are. Pure.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_VALUE_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_VALUE_H_

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "proto/common.pb.h"
#include "tests/sync_tester/text_encoding.h"

namespace tributary::tester {

// How a source's column is sent.
struct SentAs {
  fivetran_sdk::v2::DataType type = fivetran_sdk::v2::UNSPECIFIED;
  bool key = false;
  // Only for a key: SQLite converts numbers in this column to text.
  bool makes_text = false;
  TextEncoding encoding = TextEncoding::kUtf8;
};

// Appends the canonical form of a source's value that is sent this way. A value that does not fit
// the type gets a form that no value in a warehouse has.
void AppendExpected(sqlite3_stmt* row, int column, const SentAs& sent, std::string& out);

// Appends the canonical form of a warehouse's value in a column of `type`.
void AppendStored(sqlite3_stmt* row, int column, fivetran_sdk::v2::DataType type, std::string& out);

// For people; long values are cut.
std::string ReadableForm(std::string_view canonical);

// Without unnecessary zeros: -012.500 becomes -12.5, -0.0 becomes 0. Empty if `text` is not a
// decimal.
std::string NormalDecimal(std::string_view text);

// 2024-01-31 for this date, and for its midnight without a zone or in UTC. Empty if it is neither.
std::string NormalDate(std::string_view text);

// 2024-01-31 12:00:00.500 becomes 2024-01-31T12:00:00.5; a date becomes its midnight. Empty if it
// is not a time, or has a zone.
std::string NormalDatetime(std::string_view text);

// 2024-01-31 12:00:00.500 +02:00 becomes 2024-01-31T10:00:00.5Z. Empty if it is not a time with a
// zone.
std::string NormalUtcDatetime(std::string_view text);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_VALUE_H_
