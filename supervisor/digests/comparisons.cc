// The part of DigestKeeper that serves comparisons.
#include <algorithm>
#include <set>
#include <utility>

#include "common/limits.h"
#include "supervisor/digests/digest_keeper.h"
#include "supervisor/digests/layout.h"

namespace tributary {

absl::StatusOr<std::vector<BoundRange>> DigestKeeper::BeginComparison(const TableName& table,
                                                                      std::uint64_t confirmed,
                                                                      std::uint64_t returned) {
  Comparison comparison{.id = Id(table), .base = confirmed};
  // Records of an earlier attempt of this sync may still wait for the disk.
  const bool again = !touched_.insert(table).second;
  const absl::Status drained = again ? writer_->Drain(kReadPatience) : writer_->failure();
  if (!drained.ok()) return drained;
  auto layout = ReadLayout(comparison.id, confirmed);
  if (!layout.ok()) return layout.status();
  auto intents = FindIntents(comparison.id, confirmed);
  if (!intents.ok()) return intents.status();
  comparison.changed = !intents->empty();
  for (RecordName& name : *intents) {
    comparison.intents[name.numbers[1]].push_back(std::move(name));
  }
  const auto last = store_->LastGeneration(comparison.id);
  if (!last.ok()) return last.status();
  comparison.generation = std::max(*last, confirmed) + 1;
  comparison.layout = *std::move(layout);
  if (returned == confirmed) DropOld(comparison.id, returned, comparison.layout);
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
  for (const RecordName& name : comparison.intents[slice]) {
    auto text = store_->Read(name);
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
    const RecordName name{
        comparison.id,
        RecordName::kIntents,
        {comparison.base, slice, comparison.generation, comparison.next_number++}};
    comparison.intents[slice].push_back(name);
    std::vector<RecordChange> changes;
    changes.push_back({name, std::move(*digests.mutable_entries())});
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
    std::vector<RecordChange> drops;
    if (!AddDrops(comparison.id, drops).ok()) return comparison.base;
    drops.push_back({{comparison.id, RecordName::kBegun, {comparison.generation}}, ""});
    writer_->Give(std::move(drops), /*urgent=*/true);
    return comparison.generation;
  }
  std::vector<RecordChange> changes;
  changes.push_back(
      {{comparison.id, RecordName::kLayout, {comparison.generation}}, made->SerializeAsString()});
  writer_->Give(std::move(changes), /*urgent=*/false);
  return comparison.generation;
}

void DigestKeeper::DropOld(const std::string& id, std::uint64_t returned,
                           const DigestLayout& layout) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> used;
  for (const DigestLayout::Slice& slice : layout.slices()) {
    for (const Piece& piece : slice.pieces()) used.insert({piece.generation(), piece.number()});
  }
  std::vector<RecordChange> changes;
  const auto drop = [&](RecordName::Kind kind, const std::vector<std::uint64_t>& numbers) {
    changes.push_back({{id, kind, numbers}, std::nullopt});
  };
  // Of older generations: their layouts, and the pieces that only these, or an attempt without a
  // layout, use.
  std::set<std::uint64_t> older;
  store_
      ->List(id, RecordName::kLayout, {},
             [&](const std::vector<std::uint64_t>& numbers) {
               if (numbers.size() != 1 || numbers[0] >= returned) return false;
               const auto old = ReadLayout(id, numbers[0]);
               if (old.ok()) {
                 for (const DigestLayout::Slice& slice : old->slices()) {
                   for (const Piece& piece : slice.pieces()) {
                     if (!used.contains({piece.generation(), piece.number()})) {
                       drop(RecordName::kPiece, {piece.generation(), piece.number()});
                     }
                   }
                 }
               }
               drop(RecordName::kLayout, numbers);
               return true;
             })
      .IgnoreError();
  store_
      ->List(id, RecordName::kIntents, {},
             [&](const std::vector<std::uint64_t>& numbers) {
               if (numbers.size() == 4 && numbers[2] <= returned) {
                 drop(RecordName::kIntents, numbers);
                 older.insert(numbers[2]);
               }
               return true;
             })
      .IgnoreError();
  // Of copies whose content has no name.
  for (const RecordName::Kind kind :
       {RecordName::kBegun, RecordName::kTakenBack, RecordName::kGiven}) {
    store_
        ->List(id, kind, {},
               [&](const std::vector<std::uint64_t>& numbers) {
                 if (numbers.empty() || numbers[0] > returned) return false;
                 drop(kind, numbers);
                 older.insert(numbers[0]);
                 return true;
               })
        .IgnoreError();
  }
  for (const std::uint64_t generation : older) {
    store_
        ->List(id, RecordName::kPiece, {generation},
               [&](const std::vector<std::uint64_t>& numbers) {
                 if (numbers.size() == 2 && !used.contains({numbers[0], numbers[1]})) {
                   drop(RecordName::kPiece, numbers);
                 }
                 return true;
               })
        .IgnoreError();
  }
  if (!changes.empty()) writer_->Give(std::move(changes), /*urgent=*/false);
}

}  // namespace tributary
