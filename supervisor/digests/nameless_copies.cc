// The part of DigestKeeper that serves copies whose content has no name. What a reading gives
// out is on the disk before it leaves: in records of its own until the piece up to its next
// mark has it. What counts no longer is moved to records of a new generation, to be deleted:
// a state that names an earlier one may have come back without those deletes, and takes it back
// again.
#include <algorithm>
#include <set>
#include <utility>

#include "common/digest.h"
#include "common/limits.h"
#include "supervisor/digests/digest_keeper.h"

namespace tributary {
namespace {

constexpr std::size_t kDigestDigits = 32;

// Of the state that a copy goes on from.
std::string DigestOf(std::uint64_t generation, const DoneRanges& done) {
  Digest digest;
  digest.Number(generation);
  for (const BoundRange& range : done.Done()) digest.Text(range.from).Text(range.to);
  return digest.Hex(kDigestDigits);
}

absl::Status Passed() {
  return absl::NotFoundError(
      "digests: rows of the table were given out after another state than the one that came back");
}

}  // namespace

// --- what is given out -------------------------------------------------------

void DigestKeeper::NoteGiven(Copy& copy, std::uint64_t slice, const Digests& digests) {
  Unmarked& unmarked = copy.unmarked[slice];
  if (digests.kind() != Digests::INTENTS) GiveUpCopy(copy);
  if (!copy.usable || digests.entries().empty()) {
    unmarked.unknown = true;
    return;
  }
  const std::uint64_t number = copy.next_number++;
  std::vector<RecordChange> changes;
  changes.push_back({{copy.id, RecordName::kGiven, {copy.generation, slice, number}},
                     digests.SerializeAsString()});
  unmarked.intents.emplace_back(number, *changes.back().plain);
  writer_->Give(std::move(changes), /*urgent=*/true);
}

void DigestKeeper::GiveUpCopy(Copy& copy) {
  if (!std::exchange(copy.usable, false) || !copy.nameless) return;
  std::vector<RecordChange> changes;
  for (std::uint64_t generation = 1; generation <= copy.last; ++generation) {
    changes.push_back({{copy.id, RecordName::kBegun, {generation}}, std::nullopt});
  }
  writer_->Give(std::move(changes), /*urgent=*/true);
}

void DigestKeeper::MarkCopied(const TableName& table, std::uint64_t slice) {
  const auto found = copies_.find(table);
  if (found == copies_.end()) return;
  Copy& copy = found->second;
  const auto marked = copy.unmarked.extract(slice);
  if (marked.empty() || marked.mapped().intents.empty()) return;
  std::vector<RecordChange> changes;
  for (const auto& [number, intents] : marked.mapped().intents) {
    changes.push_back(
        {{copy.id, RecordName::kGiven, {copy.generation, slice, number}}, std::nullopt});
  }
  writer_->Give(std::move(changes), /*urgent=*/false);
}

GivenRows DigestKeeper::EndCopied(const TableName& table, std::uint64_t slice) {
  GivenRows given;
  const auto found = copies_.find(table);
  if (found == copies_.end()) return given;
  Copy& copy = found->second;
  copy.gathering.erase(slice);
  const auto left = copy.unmarked.extract(slice);
  if (left.empty()) return given;
  const Unmarked& unmarked = left.mapped();
  given.any = unmarked.unknown || !unmarked.intents.empty();
  given.known = copy.usable && !unmarked.unknown;
  std::vector<RecordChange> changes;
  if (unmarked.piece.has_value()) {
    // The rows will be in another one.
    copy.pieces.erase(unmarked.piece->from);
    changes.push_back({{copy.id,
                        RecordName::kPiece,
                        {unmarked.piece->piece.generation(), unmarked.piece->piece.number()}},
                       std::nullopt});
  }
  if (given.any && given.known) given.generation = ++copy.last;
  for (const auto& [number, intents] : unmarked.intents) {
    given.records.push_back({copy.id, RecordName::kTakenBack, {given.generation, number}});
    if (given.known) changes.push_back({given.records.back(), intents});
    changes.push_back(
        {{copy.id, RecordName::kGiven, {copy.generation, slice, number}}, std::nullopt});
  }
  if (!changes.empty()) writer_->Give(std::move(changes), /*urgent=*/true);
  return given;
}

absl::StatusOr<std::size_t> DigestKeeper::LoadGiven(const GivenRows& given, std::size_t at,
                                                    CompareAssignment& assignment) {
  const absl::Status drained = writer_->Drain(kReadPatience);
  if (!drained.ok()) return drained;
  const std::size_t first = at;
  for (std::size_t bytes = 0; at < given.records.size() && bytes < limits::kMiB; ++at) {
    const auto text = store_->Read(given.records[at]);
    if (!text.ok()) return text.status();
    Digests digests;
    if (!digests.ParseFromString(*text)) {
      return absl::DataLossError("digests: rows that were given out do not parse");
    }
    bytes += digests.entries().size();
    std::string& entries =
        digests.kind() == Digests::ROWS ? *assignment.add_rows() : *assignment.add_intents();
    entries = std::move(*digests.mutable_entries());
  }
  return at - first;
}

void DigestKeeper::TakenBack(const TableName& table, std::uint64_t generation) {
  const auto found = copies_.find(table);
  if (found != copies_.end()) found->second.named = generation;
}

// --- a copy that goes on -----------------------------------------------------

absl::Status DigestKeeper::FindPieces(const std::string& id,
                                      std::map<std::string, Bounded>& pieces) {
  std::vector<RecordName> there;
  const absl::Status listed =
      store_->List(id, RecordName::kPiece, {}, [&](const std::vector<std::uint64_t>& numbers) {
        there.push_back({id, RecordName::kPiece, numbers});
        return true;
      });
  if (!listed.ok()) return listed;
  for (const RecordName& name : there) {
    const auto text = store_->Read(name);
    if (!text.ok()) return text.status();
    DigestPiece piece;
    if (name.numbers.size() != 2 || !piece.ParseFromString(*text)) {
      return absl::DataLossError("digests: a piece does not parse");
    }
    Bounded bounded{.from = piece.from(), .to = piece.to()};
    bounded.piece.set_generation(name.numbers[0]);
    bounded.piece.set_number(name.numbers[1]);
    bounded.piece.set_rows(piece.rows());
    bounded.piece.set_bytes(piece.entries().size());
    if (!pieces.emplace(piece.from(), bounded).second) {
      return absl::DataLossError("digests: two pieces of a copy begin at one bound");
    }
  }
  return absl::OkStatus();
}

absl::Status DigestKeeper::FindResumption(const std::string& id, const DoneRanges& done,
                                          Resumption& found) {
  // A comparison has given rows out since.
  bool compared = false;
  bool begun = false;
  bool passed = false;
  std::vector<RecordName> later;
  absl::Status listed = store_->List(id, RecordName::kIntents, {}, [&](const auto&) {
    compared = true;
    return false;
  });
  if (listed.ok()) {
    listed = store_->List(id, RecordName::kBegun, {}, [&](const std::vector<std::uint64_t>& at) {
      if (at.size() == 1 && at[0] <= found.generation) begun = true;
      if (at.size() == 1 && at[0] > found.generation) later.push_back({id, RecordName::kBegun, at});
      return true;
    });
  }
  if (listed.ok()) {
    listed = store_->List(id, RecordName::kTakenBack, {}, [&](const auto& numbers) {
      if (numbers.size() == 2 && numbers[0] > found.generation) {
        found.taken_back.push_back({id, RecordName::kTakenBack, numbers});
      }
      return true;
    });
  }
  if (listed.ok()) {
    listed = store_->List(id, RecordName::kGiven, {}, [&](const auto& numbers) {
      found.unmarked.push_back({id, RecordName::kGiven, numbers});
      return true;
    });
  }
  if (!listed.ok()) return listed;
  for (const RecordName& name : later) {
    const auto from = store_->Read(name);
    if (!from.ok()) return from.status();
    passed = passed || *from != found.from;
  }
  if (compared || passed || !begun) return Passed();
  std::map<std::string, Bounded> pieces;
  const absl::Status read = FindPieces(id, pieces);
  if (!read.ok()) return read;
  for (const BoundRange& range : done.Done()) {
    std::string at = range.from;
    do {
      auto piece = pieces.extract(at);
      if (piece.empty()) {
        return absl::DataLossError("digests: a piece of what was copied is missing on this disk");
      }
      at = piece.mapped().to;
      found.pieces.insert(std::move(piece));
    } while (at != range.to);
  }
  for (const auto& [from, piece] : pieces) {
    found.unmarked.push_back(
        {id, RecordName::kPiece, {piece.piece.generation(), piece.piece.number()}});
  }
  return absl::OkStatus();
}

absl::Status DigestKeeper::MayResume(const TableName& table, std::uint64_t generation,
                                     const DoneRanges& done) {
  const std::string id = Id(table);
  Resumption found{.generation = generation, .from = DigestOf(generation, done)};
  const absl::Status status = FindResumption(id, done, found);
  if (!status.ok()) return status;
  const auto last = store_->LastGeneration(id);
  if (!last.ok()) return last.status();
  found.last = std::max(*last, generation);
  resumptions_.insert_or_assign(table, std::move(found));
  return absl::OkStatus();
}

GivenRows DigestKeeper::ResumeNamelessCopy(const TableName& table) {
  GivenRows given{.any = true, .known = false};
  const auto found = resumptions_.extract(table);
  if (found.empty() || given_up_ || !writer_->failure().ok()) return given;
  Resumption& from = found.mapped();
  touched_.insert(table);
  const std::string id = Id(table);
  const std::uint64_t generation = from.last + 1;
  std::vector<RecordChange> changes;
  changes.push_back({{id, RecordName::kBegun, {generation}}, from.from});
  writer_->Give(std::move(changes), /*urgent=*/true);
  given = {.any = false, .known = true, .records = from.taken_back, .generation = generation};
  std::uint64_t number = 0;
  for (const RecordName& name : from.unmarked) {
    auto text = store_->Read(name);
    Digests digests;
    if (text.ok() && name.kind == RecordName::kPiece) {
      DigestPiece piece;
      given.known = given.known && piece.ParseFromString(*text);
      digests.set_entries(std::move(*piece.mutable_entries()));
      *text = digests.SerializeAsString();
    }
    given.known = given.known && text.ok();
    if (!given.known) return given;
    given.records.push_back({id, RecordName::kTakenBack, {generation, number++}});
    std::vector<RecordChange> moved;
    moved.push_back({given.records.back(), *std::move(text)});
    moved.push_back({name, std::nullopt});
    writer_->Give(std::move(moved), /*urgent=*/true);
  }
  given.any = !given.records.empty();
  copies_.insert_or_assign(table, Copy{.id = id,
                                       .generation = generation,
                                       .named = from.generation,
                                       .last = generation,
                                       .nameless = true,
                                       .pieces = std::move(from.pieces)});
  return given;
}

}  // namespace tributary
