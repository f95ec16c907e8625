#include "tests/simulation/simulated_client.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tributary::simulation {

SimulatedClient::SimulatedClient(World& world, Destination destination, const Choice& choice,
                                 State state)
    : world_(world),
      destination_(std::move(destination)),
      choice_(choice),
      asked_(std::move(state)),
      selection_(choice.AsSelection().Digest()) {
  for (const auto& [name, entry] : asked_.tables) begun_.insert(name.table);
}

bool SimulatedClient::WantProgress(std::size_t bytes) {
  if (pending_bytes_ < bytes) return false;
  world_.Step();
  return pending_bytes_ >= bytes;
}

void SimulatedClient::Step() {
  Random& random = world_.random();
  const bool slow = world_.faults().client_is_slow && !OneIn(random, 10);
  for (std::size_t some = slow ? 0 : Below(random, 6); some > 0 && !pending_.empty(); --some) {
    Pending& next = pending_.front();
    pending_bytes_ -= next.bytes;
    received_bytes_ += next.bytes;
    received_.push_back(std::move(next.message));
    pending_.pop_front();
  }
}

void SimulatedClient::Write(std::string_view bytes, Hold hold) {
  if (world_.killed()) return;
  MessagePtr message = world_.batches().Open(bytes);
  if (message == nullptr) message = std::make_shared<const Message>(ReadMessage(bytes));
  ++handed_over_;
  ++position_;
  reads_ = reads_ || (in_own_epoch_ && (message->kind == Message::Kind::kTruncate ||
                                        message->kind == Message::Kind::kRows));
  switch (message->kind) {
    case Message::Kind::kDamaged:
      world_.Break("a message comes otherwise than it was made");
      break;
    case Message::Kind::kTruncate:
      begun_.insert(message->table);
      told_[message->table] = 0;
      if (resumed_.contains(message->table)) world_.Break("a resumed copy gets TRUNCATE");
      break;
    case Message::Kind::kSchemaChange:
      // May be of one that starts again in wider types.
      resumed_.clear();
      break;
    case Message::Kind::kRows:
      CheckRows(*message);
      break;
    case Message::Kind::kWarning:
      TakeWarning(*message);
      break;
    case Message::Kind::kCheckpoint:
      CheckCheckpoint(*message);
      break;
    default:
      break;
  }
  destination_.Apply(*message);
  pending_bytes_ += bytes.size();
  pending_.push_back({std::move(message), bytes.size(), std::move(hold)});
}

void SimulatedClient::CheckRows(const Message& message) {
  if (!seen_.insert(&message).second) world_.Break("a batch is sent twice");
  if (choice_.tables.contains(message.table)) {
    world_.Break(absl::StrCat(message.table, " is deselected and sent"));
  }
  if (!begun_.contains(message.table)) {
    world_.Break(absl::StrCat(message.table, " starts without TRUNCATE"));
  }
  for (const Row& row : message.rows) {
    for (const auto& [column, value] : row) {
      if (choice_.columns.contains(column)) {
        world_.Break(absl::StrCat(message.table, ".", column, " is deselected and sent"));
      }
    }
  }
}

void SimulatedClient::BeginOwnEpoch(const State& state) {
  position_ = 1;
  // Where the source changes meanwhile, they may have to start again.
  if (world_.faults().source_changes) return;
  for (const auto& [name, entry] : state.tables) {
    if (entry.phase == Phase::kCopying && !entry.done.Done().empty()) resumed_.insert(name.table);
  }
}

// "main.t0: 3 rows were left out: ...", if it is about altered rows.
void SimulatedClient::TakeWarning(const Message& message) {
  const std::vector<std::string> parts = absl::StrSplit(message.text, absl::ByAnyChar(".: "));
  std::uint64_t rows = 0;
  if (parts.size() < 4 || !absl::SimpleAtoi(parts[3], &rows)) return;
  const auto table = told_.find(parts[1]);
  if (table != told_.end()) table->second += rows;
}

// A cursor that is behind altered rows has their Warning before it: nobody reads them
// again.
void SimulatedClient::CheckRemarks(const State& state) {
  for (const auto& [table, told] : told_) {
    const auto entry = state.tables.find({"main", table});
    if (entry == state.tables.end() || entry->second.content.empty()) continue;
    const Table& content = world_.source().At(entry->second.content).at(table);
    std::uint64_t covered = 0;
    for (const auto& [place, row] : content.rows) {
      if (IsRemarked(place) && Covers(entry->second, place)) ++covered;
    }
    if (covered > told) {
      world_.Break(absl::StrCat(table, " has ", covered, " altered rows, and Warnings of ", told));
    }
  }
}

void SimulatedClient::CheckCheckpoint(const Message& message) {
  const auto state = ParseState(message.text);
  if (!state.ok()) return world_.Break(std::string(state.status().message()));
  if (SerializeState(*state) != message.text) world_.Break("a state is read back as another");
  if (state->epoch != asked_.epoch) {
    // Its first message is its first checkpoint.
    if (!std::exchange(in_own_epoch_, true)) BeginOwnEpoch(*state);
    // Where nothing is read, no numbering begins.
    const bool numbered = reads_ || state->position != 0;
    if (numbered && state->position != position_) {
      world_.Break("a state's position is not its checkpoint's");
    }
    const std::uint64_t before = std::exchange(last_checkpoint_, position_);
    if (reads_) on_checkpoint(*state, before);
  } else {
    replayed_ = replayed_ || state->position > asked_.position;
  }
  // What a replay begins with stands as it came.
  if (handed_over_ > 1 && state->selection != selection_) {
    world_.Break("a checkpoint is of another selection");
  }
  CheckRemarks(*state);
  State usable = *state;
  // Nothing goes on from another version than the source has.
  std::erase_if(usable.tables, [this](const auto& entry) {
    return entry.second.content != world_.source().version() ||
           choice_.tables.contains(entry.first.table);
  });
  const std::string broken = destination_.BrokenClaim(usable, world_.source(), choice_);
  if (!broken.empty()) world_.Break(broken);
}

}  // namespace tributary::simulation
