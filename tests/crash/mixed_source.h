// A source with many different tables for the crash loop, and changes to it. Everything depends on
// the seeds only.
#ifndef TRIBUTARY_TESTS_CRASH_MIXED_SOURCE_H_
#define TRIBUTARY_TESTS_CRASH_MIXED_SOURCE_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/process/database.h"

namespace tributary::tests {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  Dice(std::uint64_t seed, std::uint64_t round, std::uint64_t attempt);

  // 0 to bound - 1.
  std::uint64_t Below(std::uint64_t bound) { return engine_() % bound; }
  bool OneIn(std::uint64_t times) { return Below(times) == 0; }
  // 0 to 1.
  double Part() { return static_cast<double>(engine_() >> 11) / static_cast<double>(1ULL << 53); }

 private:
  std::mt19937_64 engine_;
};

class MixedSource {
 public:
  // About 40 tables: one of `large_rows` rows, wide ones, blobs of a megabyte,
  // WITHOUT ROWID, without a key, empty.
  MixedSource(const std::string& path, std::uint64_t large_rows, bool wal);

  // Inserts, changes and deletes rows; sometimes adds or removes tables and columns.
  void Change(Dice& dice);
  // Changes a few rows.
  void Touch(Dice& dice);

  bool Has(const std::string& table);
  std::uint64_t Rows();

 private:
  enum class Shape { kKeyed, kNoRowid, kTwoKeys, kNoKey };
  struct Table {
    std::string name;
    Shape shape;
  };

  void Create(const std::string& name, Shape shape, std::uint64_t rows);
  void Insert(const Table& table, std::uint64_t rows);
  void Alter(Dice& dice);
  std::string NewName() { return "made_" + std::to_string(++made_); }

  Database database_;
  // The tables that Change may change in any way.
  std::vector<Table> tables_;
  std::uint64_t next_row_ = 1;
  int made_ = 0;
  int columns_made_ = 0;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_MIXED_SOURCE_H_
