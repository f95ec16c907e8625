#include "worker/sources/postgresql/access.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/limits.h"
#include "common/text.h"

namespace tributary::postgresql {
namespace {

constexpr std::array<std::pair<const char*, Access::By>, 7> kWords = {
    std::pair{"blocks", Access::By::kBlocks},
    std::pair{"leaves", Access::By::kLeaves},
    std::pair{"whole", Access::By::kWhole},
    std::pair{"partitions", Access::By::kPartitions},
    std::pair{"unlockable", Access::By::kUnlockable},
    std::pair{"keys", Access::By::kKeys},
    std::pair{"partition-keys", Access::By::kPartitionKeys}};

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
      "read slice: its bound is not a block of the table; the state belongs to another engine");
}

}  // namespace

std::string KeyNumbersSql(const Access& access) {
  return absl::StrCat("'{", absl::StrJoin(access.key, ","), "}'::int2[]");
}

std::string AccessText(const Access& access) {
  for (const auto& [word, by] : kWords) {
    if (by != access.by) continue;
    std::string text = absl::StrCat(word, " ", access.oid);
    if (access.by_keys())
      absl::StrAppend(&text, " ", absl::StrJoin(access.key, ","), " ", access.order);
    return text;
  }
  return "";
}

absl::StatusOr<Access> ParseAccess(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ' ');
  for (const auto& [word, by] : kWords) {
    Access access{.by = by};
    if (parts.front() != word || parts.size() != (access.by_keys() ? 4 : 2)) continue;
    bool parsed = absl::SimpleAtoi(parts[1], &access.oid);
    if (access.by_keys()) {
      for (const absl::string_view number : absl::StrSplit(parts[2], ',')) {
        parsed = parsed && absl::SimpleAtoi(number, &access.key.emplace_back());
      }
      access.order = parts[3];
    }
    if (parsed) return access;
  }
  return absl::InvalidArgumentError("read table: its access was not given by this engine");
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

std::optional<std::string> KeyBound(const std::vector<std::string>& key) {
  std::string bound;
  for (const std::string& text : key) absl::StrAppend(&bound, text.size(), ":", text);
  if (bound.size() > limits::kMaxBoundBytes || !IsUtf8(bound)) return std::nullopt;
  return bound;
}

absl::StatusOr<std::vector<std::string>> ParseKeyBound(std::string_view bound,
                                                       std::size_t columns) {
  std::vector<std::string> key;
  bool parsed = true;
  while (parsed && !bound.empty()) {
    const std::size_t colon = std::min(bound.find(':'), bound.size());
    std::size_t size = 0;
    parsed = absl::SimpleAtoi(absl::string_view(bound.data(), colon), &size) &&
             colon < bound.size() && size < bound.size() - colon;
    if (!parsed) break;
    key.emplace_back(bound.substr(colon + 1, size));
    bound.remove_prefix(colon + 1 + size);
  }
  if (parsed && key.size() == columns) return key;
  return absl::InvalidArgumentError(
      "read slice: its bound is not a key of the table; the state belongs to another engine");
}

}  // namespace tributary::postgresql
