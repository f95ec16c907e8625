// Rows that cost nothing to read: made once, then read from memory again and again.
#ifndef TRIBUTARY_TESTS_BENCH_SYNTHETIC_ROWS_H_
#define TRIBUTARY_TESTS_BENCH_SYNTHETIC_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/row_values.h"
#include "worker/encoder/batch_writer.h"

namespace tributary::bench {

inline constexpr std::size_t kSyntheticTables = 8;
inline constexpr std::uint64_t kSyntheticRowsInTable = 500'000;
inline constexpr char kSyntheticSchema[] = "main";
std::string SyntheticTable(std::size_t number);
std::vector<std::string> SyntheticColumns();

class SyntheticRows {
 public:
  SyntheticRows();
  // Writes row `number` of the table with this shape.
  void Write(std::uint64_t number, const TableShape& shape, BatchWriter& writer) const;

 private:
  std::vector<Order> rows_;
};

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_SYNTHETIC_ROWS_H_
