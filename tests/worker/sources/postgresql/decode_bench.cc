// The cost of a row from COPY BINARY's bytes to finished batches in a ring, and the part of it that
// parsing the stream takes. Not a test: `postgresql_decode_bench [rows]` prints the figures.
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/memory_ring.h"
#include "worker/encoder/batch_writer.h"
#include "worker/encoder/table_shape.h"
#include "worker/sources/postgresql/copy_stream.h"
#include "worker/sources/postgresql/row_writer.h"
#include "worker/sources/postgresql/types.h"

namespace tributary::postgresql {
namespace {

double ThreadSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string Integer(std::uint64_t value, int bytes) {
  std::string text;
  for (int at = bytes - 1; at >= 0; --at) text.push_back(static_cast<char>(value >> (8 * at)));
  return text;
}
std::string Field(std::string_view value) { return Integer(value.size(), 4) + std::string(value); }

struct BenchColumn {
  const char* name;
  std::uint32_t oid;
};
// Ten columns with different types, about 180 bytes in COPY BINARY.
constexpr BenchColumn kColumns[] = {
    {"id", 20},     {"customer", 23}, {"amount", 1700},  {"weight", 701}, {"status", 25},
    {"name", 1043}, {"email", 25},    {"created", 1184}, {"active", 16},  {"due", 1082},
};

std::string Row(std::uint64_t n) {
  const std::string number = std::to_string(n);
  std::string row = Integer(std::size(kColumns), 2);
  row += Field(Integer(n * 7919, 8));
  row += Field(Integer(n * 31 % 1'000'000, 4));
  // Numbers like 1234.56: two digits of base 10,000, weight 0, scale 2.
  row += Field(Integer(2, 2) + Integer(0, 2) + Integer(0, 2) + Integer(2, 2) +
               Integer(n % 9999 + 1, 2) + Integer(n % 99 * 100, 2));
  row += Field(Integer(0x3ff0'0000'0000'0000 + n * 1'048'573, 8));
  row += Field(n % 3 == 0 ? "shipped" : "waiting");
  row += Field("Name of customer " + number);
  row += Field("customer" + number + "@example.com");
  row += Field(Integer(700'000'000'000'000 + n * 1'000'003, 8));
  row += Field(Integer(n % 2, 1));
  row += n % 10 == 0 ? Integer(0xffff'ffff, 4) : Field(Integer(8000 + n % 1000, 4));
  return row;
}

// Calls `take` with each row.
template <typename Take>
double Through(const std::vector<std::string>& chunks, const Take& take) {
  CopyStream copy("s.t", std::size(kColumns));
  const double start = ThreadSeconds();
  for (const std::string& chunk : chunks) {
    copy.Feed(chunk);
    CopyStream::Event event;
    while ((event = copy.Next()) == CopyStream::Event::kRow) take(copy.row());
    if (event != CopyStream::Event::kNeedsMore) std::abort();
  }
  return ThreadSeconds() - start;
}

int Main(std::uint64_t rows) {
  // One chunk for each row, as from libpq.
  std::vector<std::string> chunks = {std::string("PGCOPY\n\377\r\n\0", 11) + std::string(8, '\0')};
  std::size_t bytes = 0;
  constexpr std::uint64_t kDifferent = 20'000;
  for (std::uint64_t n = 0; n < kDifferent; ++n) {
    chunks.push_back(Row(n));
    bytes += chunks.back().size();
  }
  TypeCatalog catalog;
  std::vector<RowWriter::Column> columns;
  std::vector<std::string> names;
  for (const BenchColumn& column : kColumns) {
    columns.push_back({.name = column.name, .type = *catalog.Column(column.oid, -1)});
    names.emplace_back(column.name);
  }
  for (int round = 0; round < 5; ++round) {
    std::uint64_t sum = 0;
    double stream = 0;
    double whole = 0;
    std::uint64_t done = 0;
    bench::MemoryRing ring;
    const TableShape shape("s", "t", names);
    BatchWriter writer(ring.producer(), 1);
    RowWriter row_writer("s.t", columns);
    for (; done < rows; done += kDifferent) {
      stream += Through(chunks, [&sum](const CopyRow& row) { sum += row[0].size(); });
      const double start = ThreadSeconds();
      double taking = 0;
      std::size_t since = 0;
      Through(chunks, [&](const CopyRow& row) {
        writer.BeginRow(shape);
        if (row_writer.WriteRow(row, writer) != RowWriter::Result::kWritten) std::abort();
        writer.EndRow();
        if (++since % 1000 != 0) return;
        const double before = ThreadSeconds();
        while (ring.Take().has_value()) ++sum;
        taking += ThreadSeconds() - before;
      });
      whole += ThreadSeconds() - start - taking;
    }
    std::printf("%zu bytes/row: stream %.3f us/row, decode and encode %.3f us/row (%llu)\n",
                bytes / kDifferent, stream * 1e6 / static_cast<double>(done),
                whole * 1e6 / static_cast<double>(done), static_cast<unsigned long long>(sum % 10));
  }
  return 0;
}

}  // namespace
}  // namespace tributary::postgresql

int main(int argc, char** argv) {
  return tributary::postgresql::Main(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000);
}
