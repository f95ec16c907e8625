// The state: what a checkpoint says of the whole sync, as a value and as text.
// FORMAT.md beside this file has the text's format.
//
// A value like any other: no threads, no clock. The staging key is in it, and
// names of the source are; no part of it is ever logged.
#ifndef TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_H_
#define TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "supervisor/checkpoint/done_ranges.h"

namespace tributary {

inline constexpr std::uint64_t kStateVersion = 1;
inline constexpr std::size_t kStagingKeyBytes = 32;

// Digests and epochs are so many lower-case hexadecimal digits.
inline constexpr std::size_t kDigestDigits = 16;

// Which database a state is of.
struct SourceIdentity {
  // As in the configuration's `source`.
  std::string engine;
  // As the catalog gave it; empty where the engine has none.
  std::string identity;

  bool operator==(const SourceIdentity&) const = default;
};

struct TableName {
  std::string schema;
  std::string table;

  auto operator<=>(const TableName&) const = default;
};

// A table without an entry is pending.
enum class Phase {
  // The parts in `done` were copied; where no version is known, none count, and the
  // next copy begins with TRUNCATE.
  kCopying,
  // The whole table was sent.
  kLive,
};

struct TableState {
  Phase phase = Phase::kCopying;
  // ColumnsDigest of the columns that are sent.
  std::string columns;
  // Columns that are sent as STRING, because values did not fit their type.
  std::set<std::string> widened;
  // The version of the source's content that was read; empty: not known.
  std::string version;
  // For kCopying; nothing of a live table is in it.
  DoneRanges done;

  bool operator==(const TableState&) const = default;
};

// All texts are valid UTF-8, except for the staging key.
struct State {
  SourceIdentity source;
  // Selection::Digest of the selection that the tables follow.
  std::string selection;
  std::string epoch;
  // Of the last batch that the checkpoint covers; 0: none. At most kMaxPosition.
  std::uint64_t position = 0;
  // kStagingKeyBytes bytes; empty where the operator's key file is used.
  std::string staging_key;
  // Every selected table is live and was read from this one version, so a source
  // that still has it holds nothing new. Empty where that is not so: a table that
  // has no entry is pending, which the entries alone cannot say.
  std::string complete;
  std::map<TableName, TableState> tables;

  // There is no state: the source has never been synced, or is to be again.
  bool first_sync() const { return epoch.empty(); }

  bool operator==(const State&) const = default;
};

// Reads `state_json`. Absent, empty, blank and {} all are a first sync.
//   INVALID_ARGUMENT     malformed, or beyond kMaxStateBytes, kMaxStateDepth or
//                        kMaxStateMemoryBytes.
//   FAILED_PRECONDITION  written by a newer tributary.
// The text says which part is wrong and what to do; nothing of the content.
absl::StatusOr<State> ParseState(std::string_view state_json);

// One line of JSON, the same for equal states. A state that breaks what stands
// above ends the process: what cannot be read back must not be sent. Nor must a text of
// more than limits::kMaxStateBytes, which a source of very many tables may come to:
// its caller sees to that. A first sync gives {}.
std::string SerializeState(const State& state);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_H_
