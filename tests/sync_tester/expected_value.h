// What a reader of the connector's documentation expects a value of a SQLite
// source to become in the destination, and what stands in the warehouse, both in
// one canonical form, so that they are equal where the bytes are. Pure.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_VALUE_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_VALUE_H_

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "proto/common.pb.h"
#include "tests/sync_tester/text_encoding.h"

namespace tributary::tester {

// What a source's column is sent as.
struct SentAs {
  fivetran_sdk::v2::DataType type = fivetran_sdk::v2::UNSPECIFIED;
  bool key = false;
  // Of a key: SQLite makes text of numbers that are written to it.
  bool makes_text = false;
  TextEncoding encoding = TextEncoding::kUtf8;
};

// Appends the canonical form of a source's value that is sent so. A value that does not
// fit the type gets a form that nothing in a warehouse has.
void AppendExpected(sqlite3_stmt* row, int column, const SentAs& sent, std::string& out);

// Appends the canonical form of a warehouse's value in a column of `type`.
void AppendStored(sqlite3_stmt* row, int column, fivetran_sdk::v2::DataType type, std::string& out);

// For a person; long values are cut.
std::string ReadableForm(std::string_view canonical);

// Without zeros that say nothing: -012.500 becomes -12.5, -0.0 becomes 0.
// Nothing where `text` is no decimal.
std::string NormalDecimal(std::string_view text);

// 2024-01-31 of that date, and of its midnight without a zone or in UTC. Empty where it is
// neither.
std::string NormalDate(std::string_view text);

// 2024-01-31 12:00:00.500 as 2024-01-31T12:00:00.5; a date is its midnight. Empty where it
// is no time, or has a zone.
std::string NormalDatetime(std::string_view text);

// 2024-01-31 12:00:00.500 +02:00 as 2024-01-31T10:00:00.5Z. Empty where it is no time with
// a zone.
std::string NormalUtcDatetime(std::string_view text);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_VALUE_H_
