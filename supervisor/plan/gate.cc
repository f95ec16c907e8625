#include "supervisor/plan/gate.h"

#include <utility>

namespace tributary {

Gate::Entry Gate::Open(Slice slice, const Snapshot& snapshot, std::string_view life,
                       std::uint64_t whole_from) {
  slices_.erase(slice);
  if (!merged_.has_value() || life != life_) return Entry::kOtherLife;
  if (snapshot.all_before < whole_from) return Entry::kNotWhole;
  const bool refused = !snapshot.SeesAllOf(*merged_);
  slices_[slice] = {snapshot, refused};
  return refused ? Entry::kRefused : Entry::kAdmitted;
}

void Gate::Close(Slice slice) { slices_.erase(slice); }

bool Gate::MergeSnapshot(const Snapshot& snapshot, std::string_view life) {
  if (merged_.has_value() && life == life_) {
    if (!snapshot.SeesAllOf(*merged_)) return false;
  } else {
    // Numbers of the old life may be used again, so these slices' snapshots say nothing about the
    // transactions that come now. Their connections died with the server.
    for (auto& [slice, open] : slices_) open.comparable = false;
    life_ = life;
  }
  merged_ = snapshot;
  return true;
}

Gate::Passage Gate::Ask(std::uint64_t transaction, Time now) {
  if (!merged_.has_value() || !merged_->Sees(transaction))
    return {Passage::Answer::kUnsound, {}, {}};
  std::vector<Slice> holders;
  for (const auto& [slice, open] : slices_) {
    if (open.refused || !open.comparable || !open.snapshot.Sees(transaction)) {
      holders.push_back(slice);
    }
  }
  if (holders.empty()) {
    held_since_.reset();
    return {};
  }
  if (!held_since_.has_value()) held_since_ = now;
  return {Passage::Answer::kHeld, std::move(holders), *held_since_};
}

}  // namespace tributary
