// Values that look like those of a real application, made from a seed. A value depends only on the
// seed, the table, the row and the column, so tables can be made in any order.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_DEMO_VALUES_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_DEMO_VALUES_H_

#include <sqlite3.h>

#include <cstdint>
#include <string>

namespace tributary::demo {

// What a column of the sample contains.
enum class Content {
  kRowNumber,     // 1, 2, 3, …
  kSmallCount,    // 0 to 999
  kBigNumber,     // all 64 bits
  kReference,     // a row number of another table
  kRatio,         // a double
  kMoney,         // DECIMAL(12,2), as SQLite keeps it
  kLargeDecimal,  // DECIMAL(38,6), of more digits than a double has
  kFlag,
  kDate,
  kDatetime,  // with microseconds
  kWord,      // one of a few
  kName,      // a few words, some not ASCII
  kCode,      // different for each row, of letters and digits
  kParagraph,
  kJson,
  kBytes,
  kAnything,  // any storage class, for columns without a type
};

// Fast and good enough: splitmix64.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next();
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }

 private:
  std::uint64_t state_;
};

// Binds a value for row number `row` (from 1). `room` holds the bytes until the statement is reset.
// If `nullable`, some values are null.
void BindContent(sqlite3_stmt* statement, int at, Content content, std::int64_t row, bool nullable,
                 Dice& dice, std::string& room);

}  // namespace tributary::demo

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_DEMO_VALUES_H_
