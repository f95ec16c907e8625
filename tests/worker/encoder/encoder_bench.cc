// The encoder's cost for each row: rows of one table, as a copy writes them, and rows of many
// tables with several operations, as a log has them. Not a test:
//   encoder_bench [one|mixed] [rows]
// prints seconds for each million rows. If times vary too much, count instructions with valgrind
// --tool=callgrind.
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/memory_ring.h"
#include "tests/bench/synthetic_rows.h"
#include "worker/encoder/batch_writer.h"

namespace tributary::bench {
namespace {

constexpr std::size_t kTables = 300;

double ThreadSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Four rows in turn: two UPSERTs, an UPDATE of a few columns, a DELETE.
void WriteChange(const SyntheticRows& rows, std::uint64_t number, const TableShape& shape,
                 BatchWriter& writer) {
  switch (number % 4) {
    case 0:
      writer.BeginRow(shape, fivetran_sdk::v2::DELETE);
      writer.Long(0, static_cast<std::int64_t>(number));
      return writer.EndRow();
    case 1:
      writer.BeginRow(shape, fivetran_sdk::v2::UPDATE);
      writer.Long(0, static_cast<std::int64_t>(number));
      writer.Long(2, 3);
      writer.Double(3, 12.5);
      return writer.EndRow();
    default:
      return rows.Write(number, shape, writer);
  }
}

int Main(bool mixed, std::uint64_t count) {
  const SyntheticRows rows;
  std::vector<std::unique_ptr<const TableShape>> shapes;
  for (std::size_t table = 0; table < kTables; ++table) {
    shapes.push_back(std::make_unique<const TableShape>(kSyntheticSchema, SyntheticTable(table),
                                                        SyntheticColumns()));
  }
  MemoryRing ring;
  BatchWriter writer(ring.producer(), 1);
  double bytes = 0;
  const double start = ThreadSeconds();
  for (std::uint64_t number = 0; number < count; ++number) {
    if (mixed) {
      WriteChange(rows, number, *shapes[number * 7 % kTables], writer);
    } else {
      rows.Write(number, *shapes[0], writer);
    }
    if (number % limits::kMaxRecordsInBatch != 0) continue;
    while (const auto frame = ring.Take()) bytes += static_cast<double>(frame->payload.size());
  }
  const double each = 1 / static_cast<double>(count);
  std::printf("%s: %.3f s for each million of rows, %.0f bytes each\n",
              mixed ? "mixed" : "one table", (ThreadSeconds() - start) * each * 1e6, bytes * each);
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  const bool mixed = argc > 1 && std::string_view(argv[1]) == "mixed";
  return tributary::bench::Main(mixed, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000);
}
