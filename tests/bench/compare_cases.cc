// The benchmark cases of later syncs that compare: their cost next to the cost of only reading the
// table.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/bench/cases.h"
#include "tests/bench/figures.h"
#include "tests/bench/postgresql_baselines.h"
#include "tests/bench/postgresql_subject.h"
#include "tests/process/database.h"

namespace tributary::bench {
namespace {

constexpr double kMostDigestBytesOfRow = 32;

// Changes one row in a hundred and deletes one row in two hundred, different rows in each round.
std::string Change(int round) {
  return absl::StrCat("UPDATE orders SET status = 'changed in round ", round,
                      "' WHERE id % 100 = ", round,
                      "; DELETE FROM orders WHERE id % 200 = ", 100 + round);
}

std::uint64_t BytesOfDigests(const std::string& staging_folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(staging_folder)) {
    const bool digests = entry.path().parent_path().filename() == "digests";
    if (digests && entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

void AddDigestSize(Bench& bench, const std::string& work, std::uint64_t bytes, std::uint64_t rows) {
  const double of_row = static_cast<double>(bytes) / static_cast<double>(rows);
  bench.report.Add({.work = absl::StrCat(work, ": digests on disk, a row"),
                    .baseline = "",
                    .ours = absl::StrFormat("%.1f bytes", of_row),
                    .ratio = "",
                    .goal = absl::StrFormat("<= %.0f", kMostDigestBytesOfRow),
                    .met = of_row <= kMostDigestBytesOfRow});
}

// Runs a first sync, and then rounds; each round has a change of rows, the baseline, and a sync
// that compares.
template <typename ChangeRows, typename Bare>
Against CompareAgainst(Bench& bench, const std::string& work, SyncBench& syncs, std::uint64_t rows,
                       const ChangeRows& change, const Bare& run_bare) {
  const SyncCost first = syncs.Run();
  if (first.records < rows) Fail("a sync brought fewer rows than there are");
  AddDigestSize(bench, work, BytesOfDigests(syncs.staging_folder()), rows);
  std::vector<BareCost> bare;
  std::vector<SyncCost> ours;
  for (int round = 0; round < bench.rounds; ++round) {
    change(round);
    bare.push_back(run_bare());
    ours.push_back(syncs.Run());
    std::cout << absl::StrFormat(
                     "  %.2f s bare, %.2f s by a sync that sent %d records, %.2f CPU-s of "
                     "tributary; the first sync took %.2f s",
                     bare.back().seconds, ours.back().seconds, ours.back().records,
                     ours.back().cpu.tributary(), first.seconds)
              << std::endl;
    if (ours.back().records < rows / 100 || ours.back().records > rows / 50) {
      Fail("a sync sent other rows than those that have changed");
    }
  }
  return {Median(bare, BareWall), Median(ours, Wall)};
}

}  // namespace

void Compare(Bench& bench) {
  const std::string file = bench.databases.folder() + "/compared.db";
  std::filesystem::copy_file(bench.databases.Orders(kOrders), file,
                             std::filesystem::copy_options::overwrite_existing);
  Databases::Warm(file);
  SyncBench syncs(SubjectOf(file));
  const std::string work = "compare: 3,000,000 rows, 1 % changed, 0.5 % deleted";
  const Against both = CompareAgainst(
      bench, work, syncs, kOrders,
      [&](int round) { tests::Database(file).RunAtOnce(Change(round)); },
      [&] { return RunBareLoop(file); });
  AddRatio(bench, work, both, 1.2);
  AddMemory(bench, "compare", both.ours);
  std::filesystem::remove(file);
}

void CompareManyTables(Bench& bench) {
  const std::string file = bench.databases.folder() + "/compared_tables.db";
  std::filesystem::copy_file(bench.databases.ManyTables(kTables, kRowsOfTable * kTables), file,
                             std::filesystem::copy_options::overwrite_existing);
  Databases::Warm(file);
  std::vector<SyncCost> first;
  std::vector<SyncCost> next;
  for (int round = 0; round < bench.rounds; ++round) {
    SyncBench syncs(SubjectOf(file));
    first.push_back(syncs.Run());
    tests::Database(file).Run(absl::StrCat("UPDATE orders_7 SET status = 'round ", round,
                                           "' WHERE id = (SELECT min(id) FROM orders_7)"));
    next.push_back(syncs.Run());
    std::cout << absl::StrFormat("  %.2f s the first sync, %.2f s the next one",
                                 first.back().seconds, next.back().seconds)
              << std::endl;
    if (next.back().records != 1) Fail("a sync sent other rows than the one that has changed");
  }
  const SyncCost whole = Median(first, Wall);
  const SyncCost compared = Median(next, Wall);
  AddRatio(bench, "compare_tables: 10,000 tables, one row changed, of the first sync",
           {{.seconds = whole.seconds}, compared}, 0.5);
  std::filesystem::remove(file);
}

void PostgresqlCompare(Bench& bench) {
  const std::uint64_t rows = kOrders / bench.divisor;
  PostgresqlSubject subject(bench.databases.folder());
  subject.MakeOrders(rows);
  subject.Run("VACUUM (FREEZE, ANALYZE)");
  SyncSubject compared = subject.subject();
  compared.configuration["update_method"] = "compare";
  SyncBench syncs(compared);
  const std::string script = subject.Script("COPY orders TO STDOUT (FORMAT binary);\n");
  const std::string work = absl::StrCat("pg_compare: ", rows,
                                        " rows, 1 % changed, 0.5 % deleted, of psql's COPY BINARY");
  const Against both = CompareAgainst(
      bench, work, syncs, rows, [&](int round) { subject.Run(Change(round)); },
      [&] { return RunPsql(subject.server(), script); });
  AddRatio(bench, work, both, 1.4);
  AddMemory(bench, "pg_compare", both.ours);
}

}  // namespace tributary::bench
