#include "supervisor/digests/digest_keeper.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/digests/layout.h"

namespace tributary {
namespace {

absl::Status Absent(std::uint64_t generation) {
  return absl::NotFoundError(
      absl::StrCat("digests: this disk has none of generation ", generation));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DigestKeeper>> DigestKeeper::Open(leveldb::Env* env,
                                                                 const std::string& path,
                                                                 std::string_view key,
                                                                 std::function<void()> progress) {
  auto store = DigestStore::Open(env, path, key);
  if (!store.ok()) return store.status();
  std::unique_ptr<DigestKeeper> keeper(new DigestKeeper);
  keeper->store_ = *std::move(store);
  keeper->writer_ = std::make_unique<DigestWriter>(*keeper->store_, std::move(progress));
  return keeper;
}

// --- between two syncs -------------------------------------------------------

absl::StatusOr<DigestLayout> DigestKeeper::ReadLayout(const std::string& id,
                                                      std::uint64_t generation) {
  if (generation == 0) return Absent(generation);
  const auto text = store_->Read({id, RecordName::kLayout, {generation}});
  if (absl::IsNotFound(text.status())) return Absent(generation);
  if (!text.ok()) return text.status();
  DigestLayout layout;
  if (!layout.ParseFromString(*text) || !IsSound(layout)) {
    return absl::DataLossError("digests: a table's list of slices does not parse");
  }
  return layout;
}

absl::StatusOr<DigestKeeper::SliceIntents> DigestKeeper::FindIntents(const std::string& id,
                                                                     std::uint64_t confirmed) {
  SliceIntents intents;
  bool on_another = false;
  const absl::Status listed = store_->ListFrom(
      id, RecordName::kIntents, confirmed + 1, [&](const std::vector<std::uint64_t>& numbers) {
        if (numbers.size() != 4) return true;
        intents[numbers[2]].push_back({.generation = numbers[0], .number = numbers[3]});
        on_another = numbers[1] != confirmed;
        return !on_another;
      });
  if (!listed.ok()) return listed;
  if (!on_another) return intents;
  return absl::DataLossError(
      "digests: rows that were sent since then were compared with another generation");
}

absl::StatusOr<bool> DigestKeeper::HasAfter(const std::string& id, RecordName::Kind kind,
                                            std::uint64_t generation) {
  bool any = false;
  const absl::Status listed =
      store_->ListFrom(id, kind, generation + 1, [&any](const std::vector<std::uint64_t>&) {
        any = true;
        return false;
      });
  if (!listed.ok()) return listed;
  return any;
}

absl::Status DigestKeeper::Check(const TableName& table, std::uint64_t confirmed) {
  const std::string id = Id(table);
  const auto layout = ReadLayout(id, confirmed);
  if (!layout.ok()) return layout.status();
  return FindIntents(id, confirmed).status();
}

bool DigestKeeper::HasUnconfirmed(const TableName& table, std::uint64_t confirmed) {
  const std::string id = Id(table);
  // If they cannot be read, there may be some.
  return HasAfter(id, RecordName::kIntents, confirmed).value_or(true) ||
         HasAfter(id, RecordName::kBegun, confirmed).value_or(true);
}

// --- records -------------------------------------------------------------------

absl::StatusOr<std::vector<RecordName>> DigestKeeper::Names(
    const std::string& id, RecordName::Kind kind, const std::vector<std::uint64_t>& prefix) {
  std::vector<RecordName> names;
  const absl::Status listed =
      store_->List(id, kind, prefix, [&](const std::vector<std::uint64_t>& numbers) {
        names.push_back({id, kind, numbers});
        return true;
      });
  if (!listed.ok()) return listed;
  return names;
}

absl::StatusOr<DigestKeeper::Bounded> DigestKeeper::ReadPiece(const RecordName& name) {
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
  return bounded;
}

// --- pieces ------------------------------------------------------------------

bool DigestKeeper::Gather(const std::string& id, std::uint64_t generation,
                          std::uint64_t& next_number, Gathering& gathering, Digests&& digests,
                          Bounded& bounded) {
  if (gathering.entries.empty()) {
    gathering.entries.swap(*digests.mutable_entries());
  } else {
    gathering.entries += digests.entries();
  }
  gathering.rows += digests.rows();
  if (!digests.has_at()) return false;
  bounded.from = std::exchange(gathering.from, digests.at());
  bounded.to = digests.at();
  bounded.piece.set_generation(generation);
  bounded.piece.set_number(next_number++);
  bounded.piece.set_rows(std::exchange(gathering.rows, 0));
  bounded.piece.set_bytes(gathering.entries.size());
  DigestPiece piece;
  piece.set_from(bounded.from);
  piece.set_to(bounded.to);
  piece.set_rows(bounded.piece.rows());
  piece.set_entries(std::exchange(gathering.entries, {}));
  std::vector<RecordChange> changes;
  changes.push_back(
      {{id, RecordName::kPiece, {generation, bounded.piece.number()}}, piece.SerializeAsString()});
  writer_->Give(std::move(changes), /*urgent=*/false);
  return true;
}

// --- copies ------------------------------------------------------------------

absl::StatusOr<std::uint64_t> DigestKeeper::BeginCopy(const TableName& table, std::uint64_t earlier,
                                                      CopiedContent content) {
  comparisons_.erase(table);
  copies_.erase(table);
  const std::string id = Id(table);
  absl::Status status = given_up_ ? absl::UnavailableError("digests: the disk has failed")
                                  : AwaitEarlierAttempt(table);
  std::uint64_t last = 0;
  if (status.ok()) {
    const auto found = store_->LastGeneration(id);
    status = found.status();
    last = found.value_or(0);
  }
  const std::uint64_t generation = std::max(last, earlier) + 1;
  const bool nameless = content == CopiedContent::kNameless;
  // An earlier state that comes back must not be taken for what the destination has.
  if (status.ok() && last > 0) {
    status = DropAll(id, generation, /*urgent=*/true);
  } else if (status.ok() && (nameless || earlier > 0)) {
    writer_->Give({{{id, RecordName::kBegun, {generation}}, ""}}, /*urgent=*/earlier > 0);
  }
  if (!status.ok()) {
    if (earlier == 0) return 0;
    return absl::UnavailableError(status.message());
  }
  copies_.insert_or_assign(table, Copy{.id = id,
                                       .generation = generation,
                                       .named = generation,
                                       .last = generation,
                                       .nameless = nameless});
  return generation;
}

absl::Status DigestKeeper::Drop(const TableName& table, std::uint64_t earlier) {
  const std::string id = Id(table);
  absl::Status status = AwaitEarlierAttempt(table);
  if (status.ok()) {
    const auto last = store_->LastGeneration(id);
    status = last.status();
    if (last.value_or(0) > 0) status = DropAll(id, *last + 1, /*urgent=*/true);
  }
  return status.ok() || earlier == 0 ? absl::OkStatus() : absl::UnavailableError(status.message());
}

absl::Status DigestKeeper::AwaitEarlierAttempt(const TableName& table) {
  const bool again = !touched_.insert(table).second;
  return again ? writer_->Drain(kReadPatience) : writer_->failure();
}

void DigestKeeper::ResumeCopy(const TableName& table, std::uint64_t generation) {
  touched_.insert(table);
  Copy& copy = copies_[table];
  copy = Copy{.id = Id(table), .generation = generation, .named = generation};
  const auto names = Names(copy.id, RecordName::kPiece, {generation});
  copy.usable = names.ok();
  if (!names.ok()) return;
  // In the order in which they were written.
  for (const RecordName& name : *names) {
    auto piece = ReadPiece(name);
    copy.usable = piece.ok();
    if (!piece.ok()) return;
    copy.next_number = piece->piece.number() + 1;
    copy.pieces.insert_or_assign(piece->from, *std::move(piece));
  }
}

void DigestKeeper::AddCopied(const TableName& table, std::uint64_t slice, const std::string& from,
                             Digests digests) {
  const auto found = copies_.find(table);
  if (found == copies_.end()) return;
  Copy& copy = found->second;
  if (copy.nameless && digests.kind() != Digests::ROWS) return NoteGiven(copy, slice, digests);
  if (digests.kind() != Digests::ROWS || copy.generation == 0) copy.usable = false;
  if (!copy.usable) return;
  Gathering& gathering = copy.gathering.try_emplace(slice, Gathering{.from = from}).first->second;
  Bounded bounded;
  if (gathering.entries.size() > limits::kMaxSliceDigestBytes) GiveUpCopy(copy);
  if (!Gather(copy.id, copy.generation, copy.next_number, gathering, std::move(digests), bounded)) {
    return;
  }
  copy.pieces.insert_or_assign(bounded.from, bounded);
  if (copy.nameless) copy.unmarked[slice].piece = bounded;
}

bool DigestKeeper::FinishCopy(const TableName& table, ComparisonKind kind) {
  const auto found = copies_.find(table);
  if (found == copies_.end()) return false;
  const Copy copy = std::move(found->second);
  copies_.erase(found);
  if (!copy.usable || copy.generation == 0 || given_up_) return false;
  LayoutWriter layout(kind);
  // From the table's start to its end without a gap.
  std::string at;
  std::size_t pieces = 0;
  do {
    const auto piece = copy.pieces.find(at);
    if (piece == copy.pieces.end() || ++pieces > copy.pieces.size()) return false;
    layout.Add(piece->second.from, piece->second.to, piece->second.piece);
    at = piece->second.to;
  } while (!at.empty());
  auto made = layout.Take();
  if (!made.has_value()) return false;
  std::vector<RecordChange> changes;
  changes.push_back({{copy.id, RecordName::kLayout, {copy.named}}, made->SerializeAsString()});
  writer_->Give(std::move(changes), /*urgent=*/false);
  return true;
}

}  // namespace tributary
