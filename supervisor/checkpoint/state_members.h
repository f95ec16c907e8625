// What a state consists of. Each member is declared once here: its name, whether it is required,
// and its form, which also bounds it. The same declaration writes it (state_writer.h) and reads it
// (state_reader.h), in this order; FORMAT.md explains each.
//
// `text` is the writer or the reader. An optional member is written unless it is empty or 0.
#ifndef TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_MEMBERS_H_
#define TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_MEMBERS_H_

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>

#include "supervisor/checkpoint/forms.h"
#include "supervisor/checkpoint/state.h"

namespace tributary {

enum class Need { kOptional, kRequired };

// A Plain that is written, or one that is read into.
template <typename Value, typename Plain>
concept Is = std::same_as<std::remove_const_t<Value>, Plain>;

// The texts of Phase and Method, in their order.
inline constexpr std::array kPhaseWords = {"copying", "live"};
inline constexpr std::array kMethodWords = {"copy", "log", "compare"};

// State::complete, and the number of tables that it is about.
struct CompleteClaim {
  std::string content;
  std::uint64_t tables = 0;

  bool operator==(const CompleteClaim&) const = default;
};

void Members(auto& text, Is<SourceIdentity> auto& source) {
  text.Member("engine", source.engine, Need::kRequired, Text{.may_be_empty = false});
  text.Member("identity", source.identity, Need::kRequired, Text{});
}

void Members(auto& text, Is<LogPosition> auto& at) {
  text.Member("commit", at.commit, Need::kRequired, Decimal{});
  text.Member("final", at.final, Need::kOptional, Decimal{});
  text.Member("change", at.change, Need::kOptional, Decimal{});
  text.Member("ordinal", at.ordinal, Need::kOptional, Decimal{});
}

void Members(auto& text, Is<CompleteClaim> auto& complete) {
  text.Member("content", complete.content, Need::kRequired, Text{.may_be_empty = false});
  text.Member("tables", complete.tables, Need::kRequired, Number{});
}

void Members(auto& text, Is<TableState> auto& table) {
  text.PhaseAndMethod(table.phase, table.method);
  text.Member("columns", table, Need::kRequired, ColumnsAndFile{});
  text.Content("content", table.content);
  text.Member("widened", table.widened, Need::kOptional, TextMap{});
  text.Member("digests", table.generation, Need::kOptional, Number{});
  if (table.phase == Phase::kLive) {
    text.Member("pages", table.page_digest, Need::kOptional, Text{});
    for (const char* name : {"done", "storage", "whole_from", "start", "bound"}) text.Never(name);
    return;
  }
  text.Never("pages");
  text.Member("done", table.done, Need::kOptional, Ranges{});
  // Without these, slices that were copied while following a log would be trusted too early.
  const bool beside_log = table.method == Method::kLog && table.done != DoneRanges();
  const Need need = beside_log ? Need::kRequired : Need::kOptional;
  text.Member("whole_from", table.whole_from, need, Decimal{});
  text.Member("storage", table.storage, Need::kOptional, Text{});
  text.Member("start", table.start, Need::kOptional, Seen{});
  text.Object("bound", table.bound, need);
}

void Members(auto& text, Is<State> auto& state) {
  std::uint64_t version = kStateVersion;
  text.Member("version", version, Need::kRequired, Number{});
  text.Object("source", state.source, Need::kRequired);
  text.Member("selection", state.selection, Need::kRequired, HexDigits{});
  text.Member("epoch", state.epoch, Need::kRequired, HexDigits{});
  text.Member("position", state.position, Need::kRequired, Number{});
  text.Member("staging_key", state.staging_key, Need::kOptional, Base64{kStagingKeyBytes});
  text.Member("digest_key", state.digest_key, Need::kOptional, Base64{kDigestKeyBytes});
  text.Object("log_position", state.log_position, Need::kOptional);
  text.Member("log_life", state.log_life, Need::kOptional, Text{});
  CompleteClaim complete;
  if (!state.complete.empty()) complete = {state.complete, state.tables.size()};
  text.Object("complete", complete, Need::kOptional);
  text.SharedContents("contents");
  text.Tables("tables", state.tables, Need::kRequired);

  // The claim counts only if the entries confirm it.
  if constexpr (!std::is_const_v<std::remove_reference_t<decltype(state)>>) {
    const bool borne_out =
        complete.tables == state.tables.size() &&
        std::all_of(state.tables.begin(), state.tables.end(), [&complete](const auto& entry) {
          return entry.second.phase == Phase::kLive && entry.second.content == complete.content;
        });
    if (borne_out) state.complete = complete.content;
  }
}

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_MEMBERS_H_
