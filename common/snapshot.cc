#include "common/snapshot.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary {

bool Snapshot::Sees(std::uint64_t transaction) const {
  if (transaction < all_before) return true;
  if (transaction >= none_from) return false;
  return !std::binary_search(except.begin(), except.end(), transaction);
}

bool Snapshot::SeesAllOf(const Snapshot& other) const {
  // This snapshot does not see the transactions in its list, and all from `none_from` on.
  if (std::any_of(except.begin(), except.end(),
                  [&other](std::uint64_t running) { return other.Sees(running); })) {
    return false;
  }
  if (other.none_from <= none_from) return true;
  if (other.all_before > none_from) return false;
  // The other sees none of these only where all of them are in its list.
  const auto from = std::lower_bound(other.except.begin(), other.except.end(), none_from);
  return static_cast<std::uint64_t>(other.except.end() - from) == other.none_from - none_from;
}

absl::StatusOr<Snapshot> MakeSnapshot(std::uint64_t all_before, std::uint64_t none_from,
                                      std::vector<std::uint64_t> except) {
  if (except.size() > kMaxRunningTransactions) {
    return absl::InvalidArgumentError(absl::StrCat("a snapshot has ", except.size(),
                                                   " running transactions, and at most ",
                                                   kMaxRunningTransactions, " are taken"));
  }
  const bool in_order =
      std::adjacent_find(except.begin(), except.end(), std::greater_equal<>()) == except.end();
  const bool within = except.empty() || (except.front() >= all_before && except.back() < none_from);
  if (all_before > none_from || !in_order || !within) {
    return absl::InvalidArgumentError(
        "the parts of a snapshot contradict each other; this is a fault of the source's code, "
        "please report it");
  }
  return Snapshot{all_before, none_from, std::move(except)};
}

}  // namespace tributary
