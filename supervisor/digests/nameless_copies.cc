// The part of DigestKeeper that serves copies whose content has no name. The digests of rows are on
// the disk before the rows are sent: in records of their own until a piece, up to the next mark,
// has them. If the rows are read again, these records move to a new generation, and their keys are
// deleted. A state that names an earlier generation may come back without these deletes; then
// they are made again.
#include <algorithm>
#include <iterator>
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

RecordName DigestKeeper::GivenRecord(const Copy& copy, std::uint64_t slice, std::uint64_t number) {
  return {copy.id, RecordName::kGiven, {copy.generation, slice, number}};
}

void DigestKeeper::NoteGiven(Copy& copy, std::uint64_t slice, const Digests& digests) {
  Unmarked& unmarked = copy.unmarked[slice];
  if (digests.kind() != Digests::INTENTS) GiveUpCopy(copy);
  if (!copy.usable || digests.entries().empty()) {
    unmarked.unknown = true;
    return;
  }
  const std::uint64_t number = copy.next_number++;
  std::vector<RecordChange> changes;
  changes.push_back({GivenRecord(copy, slice, number), digests.SerializeAsString()});
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
    changes.push_back({GivenRecord(copy, slice, number), std::nullopt});
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
  given.known = !unmarked.unknown && (copy.usable || unmarked.intents.empty());
  std::vector<RecordChange> changes;
  if (unmarked.piece.has_value()) {
    // The rows will be in another one.
    copy.pieces.erase(unmarked.piece->from);
    changes.push_back({{copy.id,
                        RecordName::kPiece,
                        {unmarked.piece->piece.generation(), unmarked.piece->piece.number()}},
                       std::nullopt});
  }
  const bool takes_back = given.known && !unmarked.intents.empty();
  if (takes_back) given.generation = ++copy.last;
  for (const auto& [number, intents] : unmarked.intents) {
    changes.push_back({GivenRecord(copy, slice, number), std::nullopt});
    if (!takes_back) continue;
    given.records.push_back({copy.id, RecordName::kTakenBack, {given.generation, number}});
    changes.push_back({given.records.back(), intents});
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
  const auto names = Names(id, RecordName::kPiece);
  if (!names.ok()) return names.status();
  for (const RecordName& name : *names) {
    auto piece = ReadPiece(name);
    if (!piece.ok()) return piece.status();
    if (!pieces.emplace(piece->from, *std::move(piece)).second) {
      return absl::DataLossError("digests: two pieces of a copy begin at one bound");
    }
  }
  return absl::OkStatus();
}

absl::Status DigestKeeper::FindResumption(const std::string& id, const DoneRanges& done,
                                          Resumption& found) {
  const auto compared = HasAfter(id, RecordName::kIntents, 0);
  if (!compared.ok()) return compared.status();
  const auto begun = Names(id, RecordName::kBegun);
  const auto given = Names(id, RecordName::kGiven);
  const auto taken_back = Names(id, RecordName::kTakenBack);
  for (const auto* const listed : {&begun, &given, &taken_back}) {
    if (!listed->ok()) return listed->status();
  }
  // A comparison has sent rows since.
  if (*compared) return Passed();
  const auto is_later = [&found](const RecordName& name) {
    return name.numbers.front() > found.generation;
  };
  if (std::all_of(begun->begin(), begun->end(), is_later)) return Passed();
  for (const RecordName& name : *begun) {
    if (!is_later(name)) continue;
    const auto from = store_->Read(name);
    if (!from.ok()) return from.status();
    if (*from != found.from) return Passed();
  }
  std::copy_if(taken_back->begin(), taken_back->end(), std::back_inserter(found.taken_back),
               is_later);
  found.unmarked = *given;
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
  GivenRows given{.known = false};
  const auto found = resumptions_.extract(table);
  if (found.empty() || given_up_ || !writer_->failure().ok()) return given;
  Resumption& from = found.mapped();
  touched_.insert(table);
  const std::string id = Id(table);
  const std::uint64_t generation = from.last + 1;
  std::vector<RecordChange> changes;
  changes.push_back({{id, RecordName::kBegun, {generation}}, from.from});
  writer_->Give(std::move(changes), /*urgent=*/true);
  given = {.known = true, .records = from.taken_back, .generation = generation};
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
  copies_.insert_or_assign(table, Copy{.id = id,
                                       .generation = generation,
                                       .named = from.generation,
                                       .last = generation,
                                       .nameless = true,
                                       .pieces = std::move(from.pieces)});
  return given;
}

}  // namespace tributary
