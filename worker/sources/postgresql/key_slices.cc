#include "worker/sources/postgresql/key_slices.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "look where to cut a table by its keys";
// Blocks of the sample: at least so many, and for each piece so many.
constexpr std::uint64_t kSampledBlocks = 400;
constexpr std::uint64_t kSampledBlocksOfPiece = 8;
// A sample of a table as large as one has, in percent with four digits.
constexpr double kLeastPercent = 0.0001;

// The key's columns, quoted and in its order. None where one is not there any longer.
std::vector<std::string> KeyColumns(Session& session, const Access& access) {
  const auto rows =
      session.Query(absl::StrCat("SELECT a.attname FROM unnest(", KeyNumbersSql(access),
                                 ") WITH ORDINALITY p(number, place) JOIN pg_attribute a "
                                 "ON a.attrelid = ",
                                 access.oid, " AND a.attnum = p.number ORDER BY p.place"),
                    kDoing);
  std::vector<std::string> columns;
  if (!rows.ok() || static_cast<std::size_t>(rows->size()) != access.key.size()) return columns;
  for (int row = 0; row < rows->size(); ++row) columns.push_back(Quoted(rows->at(row, 0)));
  return columns;
}

std::string SampleSql(const CutAssignment::Table& table, const Access& access,
                      const std::vector<std::string>& columns, std::uint64_t blocks,
                      std::uint64_t pieces) {
  const auto list = [&columns](const char* before, const char* after) {
    return absl::StrJoin(columns, ", ", [&](std::string* out, const std::string& column) {
      absl::StrAppend(out, before, column, after);
    });
  };
  const double sampled =
      static_cast<double>(std::max(kSampledBlocks, kSampledBlocksOfPiece * pieces));
  const double percent =
      std::clamp(100 * sampled / static_cast<double>(std::max<std::uint64_t>(blocks, 1)),
                 kLeastPercent, 100.0);
  // The last row of each of `pieces` equal parts of the sample, but for the last part.
  return absl::StrCat("SELECT ", list("s.", "::text"), " FROM (SELECT ", list("t.", ""),
                      ", row_number() OVER (ORDER BY ", list("t.", ""),
                      ") AS \"tributary row\", count(*) OVER () AS \"tributary rows\" FROM ",
                      access.partitioned() ? "" : "ONLY ", Quoted(table.schema(), table.table()),
                      " AS t TABLESAMPLE SYSTEM (", percent,
                      ")) s WHERE s.\"tributary rows\" >= ", pieces,
                      " AND s.\"tributary row\" % (s.\"tributary rows\" / ", pieces,
                      ") = 0 AND s.\"tributary row\" / (s.\"tributary rows\" / ", pieces, ") < ",
                      pieces, " ORDER BY s.\"tributary row\"");
}

}  // namespace

std::vector<std::string> KeysBetween(Session& session, const CutAssignment::Table& table,
                                     const Access& access, std::uint64_t blocks,
                                     std::uint64_t pieces) {
  std::vector<std::string> bounds;
  if (pieces < 2 || !session.Begin(Session::Isolation::kReadCommitted).ok()) return bounds;
  const std::vector<std::string> columns = KeyColumns(session, access);
  if (columns.empty()) {
    session.End();
    return bounds;
  }
  const auto rows = session.Query(
      absl::StrCat(kShortLockWaitSql, SampleSql(table, access, columns, blocks, pieces)), kDoing);
  session.End();
  if (!rows.ok()) return bounds;
  for (int row = 0; row < rows->size(); ++row) {
    std::vector<std::string> key;
    for (std::size_t column = 0; column < columns.size(); ++column) {
      key.push_back(rows->text(row, static_cast<int>(column)));
    }
    std::optional<std::string> bound = KeyBound(key);
    if (bound.has_value()) bounds.push_back(*std::move(bound));
  }
  return bounds;
}

}  // namespace tributary::postgresql
