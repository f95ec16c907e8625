// The replaying half of Sync: messages that an earlier sync staged after the state that came back
// are sent again, and reading continues where they end.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/plan/plan.h"
#include "supervisor/sync/messages.h"
#include "supervisor/sync/sync.h"

namespace tributary {
namespace {

// Whether the source still has the state's tables, with their columns, which Schema has reported as
// they are now, and with their content. Changes from the log stay valid, and so do rows whose
// content has no name.
bool StillFits(const State& state, const std::vector<SelectedTable>& selected) {
  std::map<TableName, const SelectedTable*> now;
  for (const SelectedTable& choice : selected) {
    now[{choice.table->schema(), choice.table->table()}] = &choice;
  }
  return std::all_of(state.tables.begin(), state.tables.end(), [&now](const auto& entry) {
    const auto found = now.find(entry.first);
    const TableState& table = entry.second;
    if (found == now.end() || !HasColumnsOf(*found->second, table)) return false;
    const std::string& content = found->second->table->content();
    return table.method == Method::kLog || table.content.empty() || content.empty() ||
           content == table.content;
  });
}

}  // namespace

absl::Status Sync::FindStaged() {
  const State& state = request_.state;
  // A replay would send deselected rows and lack newly selected ones. A sync that then reads
  // nothing must not leave them staged after its state.
  staged_.passed_over = state.selection != selection_digest_;
  // A first sync's state names no epoch, so none is kept.
  epoch_.KeepOnly(state.epoch);
  if (state.first_sync()) return absl::OkStatus();
  if (staged_.passed_over) return NoReplay("the selection has changed");
  auto replay = epoch_.OpenReplay(state, [this] { return !MayGoOn().ok(); });
  if (absl::IsCancelled(replay.status())) return replay.status();
  if (!replay.ok()) return NoReplay(std::string(replay.status().message()));
  auto reached = ParseState(StateOfCheckpoint((*replay)->last_checkpoint().bytes));
  if (!reached.ok()) return NoReplay("the last staged checkpoint holds no state");
  staged_.replay = *std::move(replay);
  staged_.reached = *std::move(reached);
  return absl::OkStatus();
}

absl::Status Sync::NoReplay(const std::string& why) {
  staged_.replay.reset();
  world_.log.Info("nothing is replayed from staging; reading goes on from the saved state",
                  {{log_key::kError, why}});
  return absl::OkStatus();
}

// Sends again what is staged after the state, and continues where that ends.
absl::Status Sync::ReplayStaged() {
  if (staged_.replay == nullptr) return absl::OkStatus();
  const absl::Status same = CheckSource(catalog_, request_.connection.source, request_.state);
  if (!same.ok()) return same;
  // Rows of tables that have changed since would be useless, or in a shape that the destination
  // does not know.
  staged_.passed_over = !catalog_.unchanged() &&
                        !StillFits(staged_.reached, request_.selection.Resolve(catalog_).tables);
  if (staged_.passed_over) return NoReplay("the source has changed");

  // The state as received, so that a checkpoint precedes the first record.
  auto first = std::make_shared<const std::string>(CheckpointMessage(request_.state_json));
  absl::Status written = WriteDirectly(*first, first);
  ++replayed_checkpoints_;
  for (std::string& message : SchemaChangeMessages(WidenedTables())) {
    auto change = std::make_shared<const std::string>(std::move(message));
    if (written.ok()) written = WriteDirectly(*change, change);
  }
  for (;;) {
    if (!written.ok()) return written;
    // If the client takes everything at once, nothing here waits.
    const absl::Status goes_on = MayGoOn();
    if (!goes_on.ok()) return goes_on;
    auto block = staged_.replay->Next();
    if (!block.ok()) {
      // The next sync would fail at the same block: it must read the source instead.
      staged_.replay.reset();
      epoch_.DropStaged();
      return absl::UnavailableError(block.status().message());
    }
    if (!block->has_value()) break;
    const auto bytes = std::make_shared<StagedBlock>(*std::move(*block));
    for (const StagedItem& item : bytes->items) {
      written = WriteDirectly(item.bytes, bytes);
      if (!written.ok()) return written;
      ++figures_.replayed;
      if (item.kind == ItemKind::kCheckpoint) ++replayed_checkpoints_;
    }
    writer_->Send();
  }
  request_.state = std::move(staged_.reached);
  staged_.replay.reset();
  world_.log.Info("replayed from staging", {{"messages", absl::StrCat(figures_.replayed)}});
  return absl::OkStatus();
}

// Tables that were sent in wider types before the state; since then, Schema has reported the
// source's own types.
std::vector<TableToCopy> Sync::WidenedTables() const {
  std::vector<TableToCopy> widened;
  for (const SelectedTable& choice : request_.selection.Resolve(catalog_).tables) {
    const TableName name{choice.table->schema(), choice.table->table()};
    const auto entry = request_.state.tables.find(name);
    if (entry == request_.state.tables.end() || entry->second.widened.empty()) continue;
    TableToCopy& table = widened.emplace_back();
    table.name = name;
    table.columns = SentColumns(choice, entry->second.widened);
  }
  return widened;
}

absl::Status Sync::WriteDirectly(std::string_view bytes, Hold hold) {
  writer_->Write(bytes, std::move(hold));
  CountIfDue();
  if (writer_->pending_bytes() < world_.write_window_bytes) return absl::OkStatus();
  writer_->Send();
  while (writer_->WantProgress(world_.write_window_bytes)) {
    const absl::Status goes_on = MayGoOn();
    if (!goes_on.ok()) return goes_on;
    bell_.Wait(kLook);
    CountIfDue();
  }
  return absl::OkStatus();
}

}  // namespace tributary
