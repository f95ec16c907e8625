// The state: what a checkpoint says of the whole sync, as a value and as text.
// FORMAT.md beside this file has the text's format, state_members.h its members.
//
// A value like any other: no threads, no clock. The staging key is in it, and
// names of the source are; no part of it is ever logged.
#ifndef TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_H_
#define TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/snapshot.h"
#include "supervisor/checkpoint/done_ranges.h"

namespace tributary {

inline constexpr std::uint64_t kStateVersion = 2;
inline constexpr std::size_t kStagingKeyBytes = 32;
inline constexpr std::size_t kDigestKeyBytes = 32;

// Lower-case hexadecimal digits in a digest and in an epoch's id.
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
  // TRUNCATE was sent, and the parts in `done` were copied. With the method kCopy and
  // no content none of them count, and the next copy begins with TRUNCATE.
  kCopying,
  // The whole table was sent.
  kLive,
};

// How a table is kept up to date once it is live.
enum class Method {
  // Copied again when its content has changed.
  kCopy,
  // The source's log tells its changes.
  kLog,
  // Each row is held against the digest of the row that was sent.
  kCompare,
};

struct TableState {
  Phase phase = Phase::kCopying;
  Method method = Method::kCopy;
  // ColumnsDigest of the columns that are sent.
  std::string columns;
  // Columns that are sent in a wider type than the catalog's, because values did not
  // fit: the column, and the name of its type in fivetran_sdk.v2.DataType.
  std::map<std::string, std::string> widened;
  // What the content was that was read, in the engine's own word; two that are equal
  // are the same content. Empty: not known, or the engine cannot compare.
  std::string content;
  // While a table that has a log is copied: where its slices found the rows, in the engine's
  // word.
  std::string storage;
  // Which of its digests are valid; 0: there are none.
  std::uint64_t generation = 0;

  // The rest is for kCopying; nothing of a live table is in it.
  DoneRanges done;
  // For kLog. The log has the table whole from this transaction on: no slice opens
  // whose snapshot has unfinished transactions before it.
  std::uint64_t whole_from = 0;
  // For kLog. Transactions before this were finished when the table's first snapshot
  // was taken, so the copy has what they did to it.
  std::uint64_t start = 0;
  // For kLog. What the log has to pass before the table is live.
  LogPosition bound;

  bool operator==(const TableState&) const = default;
};

// All texts are valid UTF-8, except for the keys.
struct State {
  SourceIdentity source;
  // Selection::Digest of the selection that the tables follow.
  std::string selection;
  std::string epoch;
  // Of the last batch that the checkpoint covers; 0: none. At most kMaxPosition.
  std::uint64_t position = 0;
  // kStagingKeyBytes bytes; empty where the operator's key file is used.
  std::string staging_key;
  // kDigestKeyBytes bytes, of the digests that the tables' generations are of; empty where
  // there are none. With an operator's key file it is not enough to read them.
  std::string digest_key;
  // How far the stream has come in the source's log.
  LogPosition log_position;
  // The life of the server that the tables' `whole_from` and `start` are numbers of, in
  // the engine's own word: a server that has crashed may use numbers again.
  std::string log_life;
  // Every selected table is live and was read from this one content, so a source
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
//                        kMaxStateSharedBytes.
//   FAILED_PRECONDITION  of another version than kStateVersion.
// The text says which part is wrong and what to do; nothing of the content.
absl::StatusOr<State> ParseState(std::string_view state_json);

// One line of JSON, the same for equal states; what a live table has for kCopying is
// left out. A state that breaks what is said above ends the process: what cannot be
// read back must not be sent. The caller compares the text's size with
// limits::kMaxStateBytes, which a source of very many tables may come to. A first sync
// gives {}.
std::string SerializeState(const State& state);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_H_
