// The part of DigestKeeper that deletes what no state needs.
#include <set>
#include <utility>

#include "supervisor/digests/deletions.h"
#include "supervisor/digests/digest_keeper.h"

namespace tributary {

absl::StatusOr<std::vector<std::uint64_t>> DigestKeeper::Generations(const std::string& id,
                                                                     RecordName::Kind kind,
                                                                     std::uint64_t last) {
  std::vector<std::uint64_t> generations;
  for (bool found = true; found;) {
    found = false;
    const std::uint64_t first = generations.empty() ? 0 : generations.back() + 1;
    const absl::Status listed =
        store_->ListFrom(id, kind, first, [&](const std::vector<std::uint64_t>& numbers) {
          found = !numbers.empty() && numbers[0] <= last;
          if (found) generations.push_back(numbers[0]);
          return false;
        });
    if (!listed.ok()) return listed;
  }
  return generations;
}

absl::Status DigestKeeper::DropThrough(const std::string& id, RecordName::Kind kind,
                                       std::uint64_t last, Deletions& deletions) {
  return store_->List(id, kind, {}, [&](const std::vector<std::uint64_t>& numbers) {
    return !numbers.empty() && numbers[0] <= last && deletions.Add({id, kind, numbers});
  });
}

absl::Status DigestKeeper::DropAll(const std::string& id, std::uint64_t generation, bool urgent) {
  Deletions deletions(*writer_, kReadPatience, {{{id, RecordName::kBegun, {generation}}, ""}});
  // While there are layouts, there is all that belongs to them.
  for (const RecordName::Kind kind :
       {RecordName::kLayout, RecordName::kIntents, RecordName::kPiece, RecordName::kGiven,
        RecordName::kTakenBack, RecordName::kBegun}) {
    const std::uint64_t last = kind == RecordName::kBegun ? generation - 1 : generation;
    const absl::Status dropped = DropThrough(id, kind, last, deletions);
    if (!dropped.ok()) return dropped;
  }
  return deletions.Finish(urgent);
}

absl::Status DigestKeeper::DropOld(const std::string& id, std::uint64_t returned,
                                   const DigestLayout& layout) {
  using PieceName = std::pair<std::uint64_t, std::uint64_t>;
  std::set<PieceName> used;
  for (const DigestLayout::Slice& slice : layout.slices()) {
    for (const Piece& piece : slice.pieces()) used.insert({piece.generation(), piece.number()});
  }
  Deletions deletions(*writer_, kReadPatience);
  // Pieces come first, since they are found by what is deleted later: those that only older layouts
  // use, and those of attempts without a layout.
  const auto layouts = Generations(id, RecordName::kLayout, returned - 1);
  if (!layouts.ok()) return layouts.status();
  for (const std::uint64_t generation : *layouts) {
    const auto old = ReadLayout(id, generation);
    if (!old.ok()) continue;
    for (const DigestLayout::Slice& slice : old->slices()) {
      for (const Piece& piece : slice.pieces()) {
        const PieceName name{piece.generation(), piece.number()};
        if (used.contains(name)) continue;
        deletions.Add({id, RecordName::kPiece, {name.first, name.second}});
      }
    }
  }
  std::set<std::uint64_t> older;
  // Intents come last: they tell older states that a comparison has sent rows.
  constexpr RecordName::Kind kSent[] = {RecordName::kBegun, RecordName::kTakenBack,
                                        RecordName::kGiven, RecordName::kIntents};
  for (const RecordName::Kind kind : kSent) {
    const auto generations = Generations(id, kind, returned);
    if (!generations.ok()) return generations.status();
    older.insert(generations->begin(), generations->end());
  }
  for (const std::uint64_t generation : older) {
    const absl::Status listed = store_->List(
        id, RecordName::kPiece, {generation}, [&](const std::vector<std::uint64_t>& numbers) {
          return numbers.size() != 2 || used.contains({numbers[0], numbers[1]}) ||
                 deletions.Add({id, RecordName::kPiece, numbers});
        });
    if (!listed.ok()) return listed;
  }
  absl::Status dropped = DropThrough(id, RecordName::kLayout, returned - 1, deletions);
  for (const RecordName::Kind kind : kSent) {
    if (dropped.ok()) dropped = DropThrough(id, kind, returned, deletions);
  }
  return dropped.ok() ? deletions.Finish(/*urgent=*/false) : dropped;
}

}  // namespace tributary
