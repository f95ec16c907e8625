// The part of DigestKeeper that serves comparisons.
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "supervisor/digests/digest_keeper.h"
#include "supervisor/digests/layout.h"

namespace tributary {

absl::StatusOr<std::vector<BoundRange>> DigestKeeper::BeginComparison(const TableName& table,
                                                                      std::uint64_t confirmed,
                                                                      std::uint64_t returned) {
  Comparison comparison{.id = Id(table), .base = confirmed};
  const absl::Status waited = AwaitEarlierAttempt(table);
  if (!waited.ok()) return waited;
  auto layout = ReadLayout(comparison.id, confirmed);
  if (!layout.ok()) return layout.status();
  auto intents = FindIntents(comparison.id, confirmed);
  if (!intents.ok()) return intents.status();
  comparison.changed = !intents->empty();
  comparison.intents = *std::move(intents);
  const auto last = store_->LastGeneration(comparison.id);
  if (!last.ok()) return last.status();
  comparison.generation = std::max(*last, confirmed) + 1;
  comparison.layout = *std::move(layout);
  // What is left is deleted another time.
  if (returned == confirmed) DropOld(comparison.id, returned, comparison.layout).IgnoreError();
  std::vector<BoundRange> slices;
  for (const DigestLayout::Slice& slice : comparison.layout.slices()) {
    slices.push_back({slice.from(), slice.to()});
  }
  comparisons_.insert_or_assign(table, std::move(comparison));
  return slices;
}

absl::Status DigestKeeper::Load(const TableName& table, std::size_t slice,
                                CompareAssignment& assignment) {
  Comparison& comparison = comparisons_.at(table);
  const bool again = !comparison.loaded.insert(slice).second;
  const absl::Status drained = again ? writer_->Drain(kReadPatience) : writer_->failure();
  if (!drained.ok()) return drained;
  std::uint64_t bytes = 0;
  for (const Piece& piece : comparison.layout.slices(static_cast<int>(slice)).pieces()) {
    auto text =
        store_->Read({comparison.id, RecordName::kPiece, {piece.generation(), piece.number()}});
    if (absl::IsNotFound(text.status())) {
      return absl::DataLossError("digests: a piece is missing on this disk");
    }
    if (!text.ok()) return text.status();
    DigestPiece read;
    if (!read.ParseFromString(*text)) return absl::DataLossError("digests: a piece does not parse");
    bytes += read.entries().size();
    assignment.add_rows(std::move(*read.mutable_entries()));
  }
  for (const Intents& one : comparison.intents[slice]) {
    auto text = store_->Read({comparison.id,
                              RecordName::kIntents,
                              {one.generation, comparison.base, slice, one.number}});
    if (!text.ok()) return text.status();
    bytes += text->size();
    assignment.add_intents(*std::move(text));
  }
  if (bytes > 2 * limits::kMaxSliceDigestBytes) {
    return absl::DataLossError("digests: one slice has more digests than a worker can compare");
  }
  return absl::OkStatus();
}

void DigestKeeper::AddCompared(const TableName& table, std::size_t slice, Digests digests) {
  const auto found = comparisons_.find(table);
  if (found == comparisons_.end()) return;
  Comparison& comparison = found->second;
  if (digests.kind() == Digests::INTENTS) {
    comparison.changed = true;
    const Intents one{.generation = comparison.generation, .number = comparison.next_number++};
    comparison.intents[slice].push_back(one);
    std::vector<RecordChange> changes;
    changes.push_back({{comparison.id,
                        RecordName::kIntents,
                        {one.generation, comparison.base, slice, one.number}},
                       std::move(*digests.mutable_entries())});
    writer_->Give(std::move(changes), /*urgent=*/true);
    return;
  }
  if (digests.kind() != Digests::ROWS) return;
  comparison.changed = true;
  const DigestLayout::Slice& base = comparison.layout.slices(static_cast<int>(slice));
  Gathering& gathering =
      comparison.gathering.try_emplace(slice, Gathering{.from = base.from()}).first->second;
  Bounded bounded;
  if (Gather(comparison.id, comparison.generation, comparison.next_number, gathering,
             std::move(digests), bounded)) {
    comparison.read[slice].push_back(std::move(bounded));
  }
}

void DigestKeeper::ForgetSlice(const TableName& table, std::size_t slice) {
  const auto found = comparisons_.find(table);
  if (found == comparisons_.end()) return;
  found->second.read.erase(slice);
  found->second.gathering.erase(slice);
}

void DigestKeeper::FinishSlice(const TableName& table, std::size_t slice) {
  const auto found = comparisons_.find(table);
  if (found == comparisons_.end()) return;
  found->second.intents.erase(slice);
  found->second.gathering.erase(slice);
}

std::uint64_t DigestKeeper::FinishComparison(const TableName& table, ComparisonKind kind) {
  const auto found = comparisons_.find(table);
  if (found == comparisons_.end()) return 0;
  const Comparison comparison = std::move(found->second);
  comparisons_.erase(found);
  // The confirmed generation has everything that was sent.
  if (!comparison.changed) return comparison.base;
  LayoutWriter layout(kind);
  for (int slice = 0; slice < comparison.layout.slices_size(); ++slice) {
    const DigestLayout::Slice& base = comparison.layout.slices(slice);
    const auto read = comparison.read.find(static_cast<std::size_t>(slice));
    if (read == comparison.read.end()) {
      layout.AddSlice(base);
      continue;
    }
    for (const Bounded& piece : read->second) layout.Add(piece.from, piece.to, piece.piece);
  }
  const auto made = layout.Take();
  if (!made.has_value()) {
    // The generation has no layout: it only tells earlier states that more was sent.
    if (!DropAll(comparison.id, comparison.generation, /*urgent=*/true).ok()) {
      return comparison.base;
    }
    return comparison.generation;
  }
  std::vector<RecordChange> changes;
  changes.push_back(
      {{comparison.id, RecordName::kLayout, {comparison.generation}}, made->SerializeAsString()});
  writer_->Give(std::move(changes), /*urgent=*/false);
  return comparison.generation;
}

}  // namespace tributary
