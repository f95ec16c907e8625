// A source that costs nothing, with the name and setup of a real one. The rest of the executable is
// the connector's own code.
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "supervisor/main.h"
#include "tests/bench/synthetic_rows.h"
#include "worker/sources/sqlite/setup.h"

namespace tributary {
namespace {

namespace sdk = fivetran_sdk::v2;

constexpr std::uint64_t kRowsInSlice = 125'000;
constexpr std::uint64_t kBytesInRow = 300;
constexpr char kVersion[] = "1";

sdk::DataType TypeOf(std::size_t column) {
  if (column < 3) return sdk::DataType::LONG;
  return column < 5 ? sdk::DataType::DOUBLE : sdk::DataType::STRING;
}

// A bound is a row's number in decimal digits.
std::uint64_t Bound(const std::string& text, std::uint64_t otherwise) {
  std::uint64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : otherwise;
}

class SyntheticSource : public Reader {
 public:
  absl::StatusOr<SourceNeeds> Prepare() override { return SourceNeeds(); }
  absl::Status Test(std::string_view) override { return absl::OkStatus(); }

  absl::StatusOr<Catalog> Describe(const DescribeAssignment&) override {
    Catalog catalog;
    catalog.set_version(kVersion);
    catalog.set_identity("synthetic");
    for (std::size_t number = 0; number < bench::kSyntheticTables; ++number) {
      CatalogTable& table = *catalog.add_tables();
      table.set_schema(bench::kSyntheticSchema);
      table.set_content(kVersion);
      table.set_table(bench::SyntheticTable(number));
      table.set_estimated_bytes(bench::kSyntheticRowsInTable * kBytesInRow);
      for (std::size_t at = 0; at < bench::kOrderColumnCount; ++at) {
        sdk::Column& column = *table.add_columns();
        column.set_name(bench::kOrderColumns[at]);
        column.set_type(TypeOf(at));
        column.set_primary_key(at == 0);
      }
    }
    return catalog;
  }

  absl::StatusOr<Slices> Cut(const CutAssignment& assignment) override {
    Slices slices;
    for (const auto& asked : assignment.tables()) {
      auto& table = *slices.add_tables();
      for (const Range& range : asked.ranges()) CutRange(range, table);
    }
    return slices;
  }

  absl::StatusOr<AssignmentEnd> Read(const ReadAssignment& assignment,
                                     BatchWriter& writer) override {
    AssignmentEnd end;
    writer.Open(kVersion);
    const TableShape shape(assignment.schema(), assignment.table(), assignment.columns());
    const std::uint64_t to = Bound(assignment.range().to(), bench::kSyntheticRowsInTable);
    for (std::uint64_t row = Bound(assignment.range().from(), 0); row < to; ++row) {
      rows_.Write(row, shape, writer);
      if (!writer.MarkDue() || row + 1 == to) continue;
      writer.Mark(absl::StrCat(row + 1), kVersion);
      if (!writer.PauseWanted()) continue;
      end.set_outcome(AssignmentEnd::PAUSED);
      return end;
    }
    writer.Mark(assignment.range().to(), kVersion);
    end.set_outcome(AssignmentEnd::DONE);
    return end;
  }

 private:
  static void CutRange(const Range& range, Slices::Table& table) {
    const std::uint64_t to = Bound(range.to(), bench::kSyntheticRowsInTable);
    std::uint64_t from = Bound(range.from(), 0);
    for (std::string begin = range.from(); from < to; from += kRowsInSlice) {
      Range& slice = *table.add_slices();
      slice.set_from(begin);
      begin = from + kRowsInSlice < to ? absl::StrCat(from + kRowsInSlice) : range.to();
      slice.set_to(begin);
      table.add_estimated_bytes(kRowsInSlice * kBytesInRow);
    }
  }

  const bench::SyntheticRows rows_;
};

std::unique_ptr<Reader> MakeSyntheticSource(SourceOptions, Pulse&) {
  return std::make_unique<SyntheticSource>();
}

}  // namespace
}  // namespace tributary

int main(int argc, char** argv) {
  return tributary::Main(
      argc, argv, {{.setup = tributary::sqlite::Setup(), .make = &tributary::MakeSyntheticSource}});
}
