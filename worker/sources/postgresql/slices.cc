#include "worker/sources/postgresql/slices.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/key_slices.h"
#include "worker/sources/postgresql/leaves.h"
#include "worker/sources/postgresql/server_error.h"
#include "worker/sources/postgresql/slice_view.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "look at the sizes of tables";
// Leaf partitions that one slice locks.
constexpr int kPartsInSlice = 64;

struct Size {
  std::uint64_t blocks = 0;
  // With what is stored out of line.
  std::uint64_t bytes = 0;
};
using Sizes = std::unordered_map<std::uint32_t, Size>;

std::string SizesSql(const std::string& oids) {
  // pg_table_size would look for each fork of three relations in the file system, which takes four
  // times as long.
  return absl::StrCat(kShortLockWaitSql,
                      "SELECT t.oid, t.bytes / current_setting('block_size')::bigint, "
                      "t.bytes + t.toast FROM (SELECT c.oid, pg_relation_size(c.oid) AS bytes, ",
                      kToastBytesSql, " AS toast FROM pg_class c WHERE c.oid IN (", oids,
                      ") OFFSET 0) t");
}

std::string EstimatesSql(const std::string& oids) {
  return absl::StrCat(
      "SELECT c.oid, greatest(c.relpages, 0), (greatest(c.relpages, 0) + "
      "greatest(coalesce(t.relpages, 0), 0)) * current_setting('block_size')::bigint "
      "FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.oid IN (",
      oids, ")");
}

// In a transaction of its own, as a lock that is not had spoils it.
absl::StatusOr<Sizes> AskSizes(Session& session, const std::string& sql) {
  const absl::Status begun = session.Begin(Session::Isolation::kReadCommitted);
  if (!begun.ok()) return begun;
  const auto rows = session.Query(sql, kDoing);
  session.End();
  if (!rows.ok()) return rows.status();
  Sizes sizes;
  for (int row = 0; row < rows->size(); ++row) {
    sizes[static_cast<std::uint32_t>(rows->number(row, 0))] = {
        .blocks = static_cast<std::uint64_t>(rows->number(row, 1)),
        .bytes = static_cast<std::uint64_t>(rows->number(row, 2))};
  }
  return sizes;
}

std::uint64_t PieceBytes(std::uint64_t table_bytes) {
  return std::clamp<std::uint64_t>(table_bytes / limits::kSlicePieces, limits::kSliceLeastBytes,
                                   limits::kSliceTargetBytes);
}

// A part of a table that lies together: the table, or a leaf of it.
struct Part {
  std::uint32_t oid = 0;
  // Its OID where it is a leaf, as in Place; else 0.
  std::uint32_t leaf = 0;
  Size size = {};
};

struct TableParts {
  Access access = {};
  std::vector<Part> parts = {};

  Size size() const {
    Size sum;
    for (const Part& part : parts) {
      sum.blocks += part.size.blocks;
      sum.bytes += part.size.bytes;
    }
    return sum;
  }
};

// Cuts one range into slices, each of which goes through one part or, where those are small,
// through several.
class RangeCutter {
 public:
  RangeCutter(const Range& range, const Places& places, std::uint64_t piece_bytes,
              Slices::Table& cut)
      : range_(range), places_(places), piece_bytes_(piece_bytes), cut_(cut), from_(range.from()) {}

  void Cut(const std::vector<Part>& parts) {
    for (const Part& part : parts) CutPart(part);
    // The last one has what is added later, too.
    End(range_.to());
  }

 private:
  void CutPart(const Part& part) {
    const Place begin{.leaf = part.leaf};
    const Place end{.leaf = part.leaf, .block = part.size.blocks};
    if (part.size.blocks == 0 || end <= places_.from || begin >= places_.to) return;
    if (parts_ >= kPartsInSlice) EndAt(std::max(begin, places_.from));
    ++parts_;
    const std::uint64_t block_bytes =
        std::max<std::uint64_t>(1, part.size.bytes / part.size.blocks);
    const std::uint64_t step = std::max<std::uint64_t>(1, piece_bytes_ / block_bytes);
    std::uint64_t at = std::max(begin, places_.from).block;
    const std::uint64_t to = std::min(end, places_.to).block;
    // Before a large part, and within it.
    if (bytes_ > 0 && bytes_ + (to - at) * block_bytes > piece_bytes_) {
      EndAt({.leaf = part.leaf, .block = at});
    }
    for (; at + step < to; at += step) {
      bytes_ += step * block_bytes;
      EndAt({.leaf = part.leaf, .block = at + step});
    }
    bytes_ += (to - at) * block_bytes;
  }

  void EndAt(const Place& place) { End(BoundText(place)); }
  void End(const std::string& to) {
    Range& slice = *cut_.add_slices();
    slice.set_from(from_);
    slice.set_to(to);
    cut_.add_estimated_bytes(bytes_);
    from_ = to;
    bytes_ = 0;
    parts_ = 0;
  }

  const Range& range_;
  const Places places_;
  const std::uint64_t piece_bytes_;
  Slices::Table& cut_;
  std::string from_;
  std::uint64_t bytes_ = 0;
  int parts_ = 0;
};

void CutTable(const CutAssignment::Table& table, const TableParts& of_table, Slices::Table& cut) {
  const std::uint64_t piece_bytes = PieceBytes(of_table.size().bytes);
  for (const Range& range : table.ranges()) {
    const auto places = ParsePlaces(range, of_table.access.by);
    if (places.ok()) {
      RangeCutter(range, *places, piece_bytes, cut).Cut(of_table.parts);
    } else {
      *cut.add_slices() = range;
      cut.add_estimated_bytes(0);
    }
  }
}

void CutTableByKeys(Session& session, const CutAssignment::Table& table, const TableParts& of_table,
                    Slices::Table& cut) {
  const Size size = of_table.size();
  // What is left of a table that was cut before is in as many pieces as are needed.
  const bool whole =
      table.ranges_size() == 1 && table.ranges(0).from().empty() && table.ranges(0).to().empty();
  std::vector<std::string> bounds;
  if (whole) {
    const std::uint64_t pieces = size.bytes / PieceBytes(size.bytes);
    bounds = KeysBetween(session, table, of_table.access, size.blocks, pieces);
  }
  for (const Range& range : table.ranges()) {
    std::string from = range.from();
    for (std::size_t at = 0; at <= bounds.size(); ++at) {
      Range& slice = *cut.add_slices();
      slice.set_from(from);
      from = at < bounds.size() ? bounds[at] : range.to();
      slice.set_to(from);
      cut.add_estimated_bytes(size.bytes / (bounds.size() + 1));
    }
  }
}

}  // namespace

absl::StatusOr<Slices> CutTables(Session& session, const CutAssignment& assignment) {
  // Of each table, in the order of the assignment.
  std::vector<TableParts> tables;
  for (const CutAssignment::Table& table : assignment.tables()) {
    TableParts& of_table = tables.emplace_back();
    const auto access = ParseAccess(table.access());
    if (!access.ok()) continue;
    of_table.access = *access;
    if (access->by == Access::By::kBlocks || access->by == Access::By::kKeys) {
      of_table.parts.push_back({.oid = access->oid});
    }
    if (access->by != Access::By::kLeaves && access->by != Access::By::kPartitionKeys) continue;
    const auto leaves = AskLeaves(session, access->oid);
    if (!leaves.ok()) return leaves.status();
    for (const Leaf& leaf : leaves->list) {
      of_table.parts.push_back({.oid = leaf.oid, .leaf = leaf.oid});
    }
  }
  std::vector<std::uint32_t> oids;
  for (const TableParts& table : tables) {
    for (const Part& part : table.parts) oids.push_back(part.oid);
  }
  Sizes sizes;
  if (!oids.empty()) {
    const std::string list = absl::StrJoin(oids, ",");
    auto asked = AskSizes(session, SizesSql(list));
    if (SqlStateOf(asked.status()) == kLockNotAvailable) {
      asked = AskSizes(session, EstimatesSql(list));
    }
    if (!asked.ok()) return asked.status();
    sizes = *std::move(asked);
  }
  Slices slices;
  for (int at = 0; at < assignment.tables_size(); ++at) {
    TableParts& table = tables[static_cast<std::size_t>(at)];
    for (Part& part : table.parts) part.size = sizes[part.oid];
    Slices::Table& cut = *slices.add_tables();
    if (table.access.by_keys()) {
      CutTableByKeys(session, assignment.tables(at), table, cut);
    } else {
      CutTable(assignment.tables(at), table, cut);
    }
  }
  return slices;
}

}  // namespace tributary::postgresql
