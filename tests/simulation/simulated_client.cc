#include "tests/simulation/simulated_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "supervisor/plan/plan.h"
#include "supervisor/request/columns_digest.h"

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
                                        message->kind == Message::Kind::kRows ||
                                        message->kind == Message::Kind::kChanges));
  Look(*message);
  switch (message->kind) {
    case Message::Kind::kDamaged:
      world_.Break("a message differs from the one that was made");
      break;
    case Message::Kind::kTruncate:
      begun_.insert(message->table);
      if (resumed_.contains(message->table)) world_.Break("a resumed copy gets TRUNCATE");
      break;
    case Message::Kind::kSchemaChange:
      // The Warning may be about a table that begins again with wider types.
      resumed_.clear();
      break;
    case Message::Kind::kRows:
    case Message::Kind::kChanges:
      CheckRows(*message);
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
  for (const Row& row : message.rows) CheckChosen(message.table, row);
  for (const Change& change : message.changes) CheckChosen(change.table, change.row);
  // Changes from the log for a table before its copy begins do no harm.
  if (message.kind == Message::Kind::kRows && !begun_.contains(message.table)) {
    world_.Break(absl::StrCat(message.table, " starts without TRUNCATE"));
  }
}

void SimulatedClient::CheckChosen(const std::string& table, const Row& row) {
  if (choice_.tables.contains(table)) {
    world_.Break(absl::StrCat(table, " is deselected and sent"));
  }
  for (const auto& [column, value] : row) {
    if (choice_.columns.contains(column)) {
      world_.Break(absl::StrCat(table, ".", column, " is deselected and sent"));
    }
  }
}

void SimulatedClient::BeginOwnEpoch(const State& state) {
  position_ = 1;
  if (MayRestart()) return;
  for (const auto& [name, entry] : state.tables) {
    if (entry.phase == Phase::kCopying && !entry.done.Done().empty()) resumed_.insert(name.table);
  }
}

void SimulatedClient::CheckCheckpoint(const Message& message) {
  const auto state = ParseState(message.text);
  if (!state.ok()) return world_.Break(std::string(state.status().message()));
  if (SerializeState(*state) != message.text)
    world_.Break("a state that is read and written again differs");
  if (state->epoch != asked_.epoch) {
    // The first message of an epoch is its first checkpoint.
    if (!std::exchange(in_own_epoch_, true)) BeginOwnEpoch(*state);
    // If nothing is read, no numbering begins.
    const bool numbered = reads_ || state->position != 0;
    if (numbered && state->position != position_) {
      world_.Break("a state's position is not its checkpoint's");
    }
    const std::uint64_t before = std::exchange(last_checkpoint_, position_);
    if (reads_) on_checkpoint(*state, before);
  } else {
    replayed_ = replayed_ || state->position > asked_.position;
  }
  // A replay begins with a checkpoint that is sent unchanged.
  if (handed_over_ > 1 && state->selection != selection_) {
    world_.Break("a checkpoint is of another selection");
  }
  const std::string broken = BrokenClaim(*state);
  if (!broken.empty()) world_.Break(broken);
}

std::string SimulatedClient::DigestOf(const Catalog& catalog, const std::string& name,
                                      const TableState& entry) const {
  for (const SelectedTable& table : choice_.AsSelection().Resolve(catalog).tables) {
    if (table.table->table() != name) continue;
    google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> columns;
    for (const auto* column : table.columns) *columns.Add() = *column;
    WidenColumns(entry.widened, columns);
    return ColumnsDigest(columns);
  }
  return "";
}

}  // namespace tributary::simulation
