#include "tests/bench/synthetic_rows.h"

#include "absl/strings/str_cat.h"

namespace tributary::bench {
namespace {

// Enough that no compressor finds the same row twice in its window.
constexpr std::size_t kDifferentRows = 16'384;
constexpr std::uint64_t kSeed = 5;

}  // namespace

std::string SyntheticTable(std::size_t number) { return absl::StrCat("orders_", number); }

std::vector<std::string> SyntheticColumns() {
  return {std::begin(kOrderColumns), std::end(kOrderColumns)};
}

SyntheticRows::SyntheticRows() : rows_(kDifferentRows) {
  Random random(kSeed);
  std::int64_t id = 0;
  for (Order& row : rows_) MakeOrder(++id, random, row);
}

void SyntheticRows::Write(std::uint64_t number, const TableShape& shape,
                          BatchWriter& writer) const {
  const Order& row = rows_[number % kDifferentRows];
  writer.BeginRow(shape);
  writer.Long(0, static_cast<std::int64_t>(number));
  writer.Long(1, row.customer);
  writer.Long(2, row.quantity);
  writer.Double(3, row.amount);
  writer.Double(4, row.weight);
  writer.String(5, row.status);
  writer.String(6, row.name);
  writer.String(7, row.email);
  writer.String(8, row.product);
  writer.String(9, row.note);
  writer.EndRow();
}

}  // namespace tributary::bench
