// sync-tester: plays Fivetran for a source connector, and compares the result with its source.
// README.md in this folder says how to use it.
#include <sqlite3.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "tests/sync_tester/comparison.h"
#include "tests/sync_tester/options.h"
#include "tests/sync_tester/sync_run.h"

namespace tributary::tester {
namespace {

int Exit(Verdict verdict) { return static_cast<int>(verdict); }

int UsageFault(const absl::Status& status) {
  std::cerr << "sync-tester: " << status.message() << std::endl;
  return Exit(Verdict::kUsage);
}

int Sync(const SyncOptions& options) {
  ProgressStyle style = isatty(STDOUT_FILENO) != 0 ? ProgressStyle::kLive : ProgressStyle::kLines;
  if (options.quiet) style = ProgressStyle::kNone;
  const Tally tally = RunSync(options, style, std::cout);
  if (!options.quiet || !options.json) std::cout << PlainReport(tally) << std::endl;
  if (options.json) std::cout << JsonReport(tally) << std::endl;
  return Exit(tally.verdict);
}

void PrintTable(const TableComparison& table) {
  std::cout << (table.equal() ? "  equal      " : "  DIFFERENT  ") << table.table << ": "
            << Grouped(table.source_rows) << " rows";
  if (table.gone_from_source) std::cout << ", no longer in the source";
  if (table.missing + table.different + table.surplus > 0) {
    std::cout << " in the source, " << Grouped(table.warehouse_rows) << " in the warehouse; "
              << Grouped(table.missing) << " missing, " << Grouped(table.different)
              << " different, " << Grouped(table.surplus) << " too many";
  }
  std::cout << "\n";
  for (const std::string& fault : table.faults) std::cout << "      " << fault << "\n";
  for (const std::string& example : table.examples) std::cout << "      " << example << "\n";
}

int Compare(CompareOptions options) {
  SelectionRules selection;
  if (!options.selection_file.empty()) {
    auto read = ReadSelection(options.selection_file);
    if (!read.ok()) return UsageFault(read.status());
    selection = SelectionRules(*read);
  }
  if (options.source_file.empty()) {
    auto configuration = ReadConfiguration(options.config_file);
    if (!configuration.ok()) return UsageFault(configuration.status());
    options.source_file = (*configuration)["database_path"];
  }
  const auto tables =
      CompareFiles(options.warehouse_file, options.source_file, options.schema, selection);
  if (!tables.ok()) return UsageFault(tables.status());
  std::size_t different = 0;
  std::uint64_t rows = 0;
  for (const TableComparison& table : *tables) {
    rows += table.source_rows;
    different += table.equal() ? 0 : 1;
    if (!options.quiet || !table.equal()) PrintTable(table);
  }
  std::cout << Grouped(rows) << " rows in " << tables->size() << " tables: "
            << (different == 0 ? "warehouse and source agree"
                               : std::to_string(different) + " tables do not agree")
            << std::endl;
  return Exit(different == 0 ? Verdict::kFine : Verdict::kBreach);
}

}  // namespace
}  // namespace tributary::tester

int main(int argc, char** argv) {
  using namespace tributary::tester;
  // Saves a lock in SQLite for each allocation.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  CommandLine line;
  const absl::Status parsed = ParseCommandLine(argc, argv, line);
  if (absl::IsCancelled(parsed)) return 0;
  if (!parsed.ok()) return UsageFault(parsed);
  return line.compare ? Compare(line.comparison) : Sync(line.sync);
}
