// What a reader of the connector's documentation expects the value of a key to become in
// a STRING column: itself, or an SQL literal that gives it back, so that no two keys of a
// source become one. Pure.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_KEY_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_KEY_H_

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "tests/sync_tester/text_encoding.h"

namespace tributary::tester {

// Whether SQLite writes numbers into a column so declared as text.
bool MakesTextOfNumbers(std::string_view declared);

// As SQL writes a blob: x'0AFF'.
std::string BlobLiteral(std::string_view bytes);

// The shortest text that reads as this double and does not look like an integer.
std::string ShortestText(double value);

// `makes_text`: of its column.
std::string ExpectedKeyText(const DecodedText& text, bool makes_text);
std::string ExpectedKeyNumber(sqlite3_stmt* row, int column, bool makes_text);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_KEY_H_
