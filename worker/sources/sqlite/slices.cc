#include "worker/sources/sqlite/slices.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/btree.h"

namespace tributary::sqlite {
namespace {

// How many cuts are found for each slice.
constexpr std::size_t kCutsForEachSlice = 8;

std::size_t PieceBytes(std::uint64_t table_bytes) {
  return std::clamp(static_cast<std::size_t>(table_bytes) / limits::kSlicePieces,
                    limits::kSliceLeastBytes, limits::kSliceTargetBytes);
}

// Cuts the ranges of one table at `bounds`, which ascend; `before` tells whether
// the first of two bounds comes first.
class RangeCutter {
 public:
  RangeCutter(std::uint64_t table_bytes, std::size_t bounds, Slices::Table& out)
      : piece_bytes_(PieceBytes(table_bytes)),
        bytes_between_(table_bytes / (bounds + 1)),
        out_(out) {}

  // The bounds inside `range`, in order.
  void Cut(const Range& range, const std::vector<std::string>& inside) {
    std::string from = range.from();
    std::uint64_t bytes = bytes_between_;
    for (const std::string& bound : inside) {
      if (bytes >= piece_bytes_) {
        Add(std::exchange(from, bound), bound, bytes);
        bytes = 0;
      }
      bytes += bytes_between_;
    }
    Add(from, range.to(), bytes);
  }

 private:
  void Add(const std::string& from, const std::string& to, std::uint64_t bytes) {
    Range& slice = *out_.add_slices();
    slice.set_from(from);
    slice.set_to(to);
    out_.add_estimated_bytes(bytes);
  }

  std::uint64_t piece_bytes_;
  std::uint64_t bytes_between_;
  Slices::Table& out_;
};

class TableCutter {
 public:
  TableCutter(Connection& connection, const CutAssignment::Table& table, Slices::Table& out)
      : connection_(connection),
        trees_(connection.db(), connection.header()),
        table_(table),
        out_(out) {}

  absl::Status Cut() {
    auto access = ParseAccess(table_.access());
    if (!access.ok()) return access.status();
    const std::uint64_t bytes = trees_.GuessBytes(access->root_page);
    const bool whole = access->by == Access::By::kScan || bytes <= limits::kSliceLeastBytes;
    std::vector<BTreeReader::Cut> cuts;
    if (!whole) {
      const std::size_t wanted = kCutsForEachSlice * (bytes / PieceBytes(bytes) + 1);
      cuts = trees_.FindCuts(access->root_page, wanted, access->key.size());
    }
    RangeCutter cutter(bytes, cuts.size(), out_);
    if (cuts.empty()) {
      for (const Range& range : table_.ranges()) cutter.Cut(range, {});
      return absl::OkStatus();
    }
    return access->by == Access::By::kRowid ? CutRowids(cuts, cutter)
                                            : CutKeys(*access, cuts, cutter);
  }

 private:
  absl::Status CutRowids(const std::vector<BTreeReader::Cut>& cuts, RangeCutter& cutter) {
    for (const Range& range : table_.ranges()) {
      const auto rowids = ParseRowidRange(range.from(), range.to());
      if (!rowids.ok()) return rowids.status();
      std::vector<std::string> inside;
      std::int64_t last = rowids->first;
      for (const BTreeReader::Cut& cut : cuts) {
        // Stale pages may not ascend.
        if (rowids->empty || cut.rowid < last || cut.rowid >= rowids->last) continue;
        inside.push_back(RowidBound(cut.rowid));
        last = cut.rowid + 1;
      }
      cutter.Cut(range, inside);
    }
    return absl::OkStatus();
  }

  absl::Status CutKeys(const Access& access, const std::vector<BTreeReader::Cut>& cuts,
                       RangeCutter& cutter) {
    const int columns = static_cast<int>(access.key.size());
    auto statement = connection_.Prepare(
        absl::StrCat("SELECT ", KeysCondition(access.key, true, 1, 1 + columns)), table_.table());
    if (!statement.ok()) return statement.status();
    const auto behind = [&statement, columns](const Key& key, const Key& other) {
      const bool bound = BindKey(statement->get(), 1, key).ok() &&
                         BindKey(statement->get(), 1 + columns, other).ok();
      const bool is = bound && sqlite3_step(statement->get()) == SQLITE_ROW &&
                      sqlite3_column_int(statement->get(), 0) != 0;
      sqlite3_reset(statement->get());
      return is;
    };
    for (const Range& range : table_.ranges()) {
      Key last;
      Key end;
      for (const auto& [text, key] :
           {std::pair(&range.from(), &last), std::pair(&range.to(), &end)}) {
        if (text->empty()) continue;
        auto parsed = ParseKeyBound(*text, access.key.size());
        if (!parsed.ok()) return parsed.status();
        *key = *std::move(parsed);
      }
      std::vector<std::string> inside;
      for (const BTreeReader::Cut& cut : cuts) {
        if (!last.empty() && !behind(cut.key, last)) continue;
        if (!end.empty() && !behind(end, cut.key)) continue;
        std::string bound = KeyBound(cut.key);
        if (bound.size() > limits::kMaxBoundBytes) continue;
        inside.push_back(std::move(bound));
        last = cut.key;
      }
      cutter.Cut(range, inside);
    }
    return absl::OkStatus();
  }

  Connection& connection_;
  BTreeReader trees_;
  const CutAssignment::Table& table_;
  Slices::Table& out_;
};

}  // namespace

absl::Status CutTable(Connection& connection, const CutAssignment::Table& table,
                      Slices::Table& cut) {
  const absl::Status status = TableCutter(connection, table, cut).Cut();
  connection.pulse().Beat();
  if (status.ok() || absl::IsUnavailable(status)) return status;
  // Reading the table will report the error; the others are cut.
  cut.Clear();
  *cut.mutable_slices() = table.ranges();
  cut.mutable_estimated_bytes()->Resize(table.ranges_size(), 0);
  return absl::OkStatus();
}

}  // namespace tributary::sqlite
