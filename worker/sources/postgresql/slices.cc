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
#include "worker/sources/postgresql/server_error.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "look at the sizes of tables";

struct Size {
  std::uint64_t blocks = 0;
  // With what is stored out of line.
  std::uint64_t bytes = 0;
};
using Sizes = std::unordered_map<std::uint32_t, Size>;

std::string SizesSql(const std::string& oids) {
  return absl::StrCat(
      "SET LOCAL lock_timeout = '200ms'; "
      "SELECT c.oid, pg_relation_size(c.oid) / current_setting('block_size')::bigint, "
      "pg_table_size(c.oid) FROM pg_class c WHERE c.oid IN (",
      oids, ")");
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

void Add(Slices::Table& cut, std::uint64_t from, const std::string& to, std::uint64_t bytes) {
  Range& slice = *cut.add_slices();
  if (from > 0) slice.set_from(BlockBound(from));
  slice.set_to(to);
  cut.add_estimated_bytes(bytes);
}

void CutRange(const Range& range, const Size& size, Slices::Table& cut) {
  const auto blocks = ParseBlocks(range);
  if (!blocks.ok() || size.blocks == 0) {
    *cut.add_slices() = range;
    cut.add_estimated_bytes(0);
    return;
  }
  const std::uint64_t block_bytes = std::max<std::uint64_t>(1, size.bytes / size.blocks);
  const std::uint64_t step = std::max<std::uint64_t>(1, PieceBytes(size.bytes) / block_bytes);
  const std::uint64_t end = std::min(blocks->to, std::max(size.blocks, blocks->from + 1));
  std::uint64_t from = blocks->from;
  for (; from + step < end; from += step) {
    Add(cut, from, BlockBound(from + step), step * block_bytes);
  }
  Add(cut, from, range.to(), (end - std::min(from, end)) * block_bytes);
}

}  // namespace

absl::StatusOr<Slices> CutTables(Session& session, const CutAssignment& assignment) {
  std::vector<std::uint32_t> oids;
  for (const CutAssignment::Table& table : assignment.tables()) {
    const auto access = ParseAccess(table.access());
    if (access.ok() && access->by == Access::By::kBlocks) oids.push_back(access->oid);
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
  for (const CutAssignment::Table& table : assignment.tables()) {
    Slices::Table& cut = *slices.add_tables();
    const auto access = ParseAccess(table.access());
    const bool by_blocks = access.ok() && access->by == Access::By::kBlocks;
    const Size size = by_blocks ? sizes[access->oid] : Size();
    for (const Range& range : table.ranges()) CutRange(range, size, cut);
  }
  return slices;
}

}  // namespace tributary::postgresql
