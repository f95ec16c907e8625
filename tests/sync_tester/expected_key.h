// What a reader of the connector's documentation expects as a key's value in a STRING column: the
// value itself, or an SQL literal for it, so that two different keys of a source stay different.
// Pure.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_KEY_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_KEY_H_

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "tests/sync_tester/text_encoding.h"

namespace tributary::tester {

// Whether SQLite converts numbers to text in a column with this declaration.
bool MakesTextOfNumbers(std::string_view declared);

// A blob in SQL: x'0AFF'.
std::string BlobLiteral(std::string_view bytes);

// The shortest text that is parsed as this double and does not look like an integer.
std::string ShortestText(double value);

// `makes_text`: MakesTextOfNumbers of its column.
std::string ExpectedKeyText(const DecodedText& text, bool makes_text);
std::string ExpectedKeyNumber(sqlite3_stmt* row, int column, bool makes_text);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_EXPECTED_KEY_H_
