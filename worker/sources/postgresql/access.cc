#include "worker/sources/postgresql/access.h"

#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

constexpr std::array<std::pair<const char*, Access::By>, 5> kWords = {
    std::pair{"blocks", Access::By::kBlocks}, std::pair{"leaves", Access::By::kLeaves},
    std::pair{"whole", Access::By::kWhole}, std::pair{"partitions", Access::By::kPartitions},
    std::pair{"unlockable", Access::By::kUnlockable}};

// Block numbers have 32 bits, and none has all of them.
constexpr std::uint64_t kMaxBlock = 0xFFFFFFFE;

absl::StatusOr<Place> ParseBound(const std::string& bound, Access::By by, Place open) {
  if (bound.empty()) return open;
  Place place;
  const std::size_t colon = bound.find(':');
  const bool has_leaf = colon != std::string::npos;
  const bool parsed = (by == Access::By::kLeaves) == has_leaf &&
                      (!has_leaf || absl::SimpleAtoi(bound.substr(0, colon), &place.leaf)) &&
                      absl::SimpleAtoi(has_leaf ? bound.substr(colon + 1) : bound, &place.block) &&
                      place.block <= kMaxBlock;
  if (parsed) return place;
  return absl::InvalidArgumentError(
      "read slice: its bound is no block of the table; the state is of another engine");
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

absl::StatusOr<Places> ParsePlaces(const Range& range, Access::By by) {
  const auto from = ParseBound(range.from(), by, Place());
  if (!from.ok()) return from.status();
  const auto to = ParseBound(range.to(), by, kNoPlace);
  if (!to.ok()) return to.status();
  return Places{.from = *from, .to = *to};
}

std::string BoundText(const Place& place) {
  if (place.leaf == 0) return absl::StrCat(place.block);
  return absl::StrCat(place.leaf, ":", place.block);
}

}  // namespace tributary::postgresql
