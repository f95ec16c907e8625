#include "worker/sources/postgresql/access.h"

#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

constexpr std::array<std::pair<const char*, Access::By>, 4> kWords = {
    std::pair{"blocks", Access::By::kBlocks}, std::pair{"whole", Access::By::kWhole},
    std::pair{"partitions", Access::By::kPartitions},
    std::pair{"unlockable", Access::By::kUnlockable}};

absl::StatusOr<std::uint64_t> ParseBound(const std::string& bound, std::uint64_t open) {
  std::uint64_t block = open;
  if (bound.empty()) return block;
  if (!absl::SimpleAtoi(bound, &block) || block >= Blocks::kNoEnd) {
    return absl::InvalidArgumentError(
        "read slice: its bound is no block of a table; the state is of another engine");
  }
  return block;
}

}  // namespace

std::string AccessText(const Access& access) {
  for (const auto& [word, by] : kWords) {
    if (by == access.by) return absl::StrCat(word, " ", access.oid);
  }
  return "";
}

absl::StatusOr<Access> ParseAccess(const std::string& text) {
  const std::size_t space = text.find(' ');
  for (const auto& [word, by] : kWords) {
    Access access{.by = by};
    if (text.substr(0, space) != word || space == std::string::npos) continue;
    if (absl::SimpleAtoi(text.substr(space + 1), &access.oid)) return access;
  }
  return absl::InvalidArgumentError("read table: its access is none that this engine gives");
}

absl::StatusOr<Blocks> ParseBlocks(const Range& range) {
  const auto from = ParseBound(range.from(), 0);
  if (!from.ok()) return from.status();
  const auto to = ParseBound(range.to(), Blocks::kNoEnd);
  if (!to.ok()) return to.status();
  return Blocks{.from = *from, .to = *to};
}

std::string BlockBound(std::uint64_t block) { return absl::StrCat(block); }

}  // namespace tributary::postgresql
