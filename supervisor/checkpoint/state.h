// The state: what a checkpoint stores about the whole sync, as a value and as text. FORMAT.md in
// this folder has the text's format, state_members.h its members.
//
// A plain value: no threads, no clock. It holds the staging key and names of the source, so no part
// of it is ever logged.
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

// The database that a state belongs to.
struct SourceIdentity {
  // As in the configuration's `source`.
  std::string engine;
  // From the catalog; empty if the engine has none.
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
  // TRUNCATE was sent, and the parts in `done` were copied. With the method kCopy and no content
  // these parts do not count, and the next copy begins with TRUNCATE.
  kCopying,
  // The whole table was sent.
  kLive,
};

// How a table is kept up to date once it is live.
enum class Method {
  // Copied again when its content has changed.
  kCopy,
  // Its changes come from the source's log.
  kLog,
  // Each row is compared with the digest of the row that was sent.
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
  // The content that was read, as the engine's identifier: equal identifiers mean the same content.
  // Empty: not known, or the engine cannot compare.
  std::string content;
  // Of a live table: the engine's identifier of its rows in that content (CatalogTable). Empty: not
  // known.
  std::string page_digest;
  // The table's file number (CatalogTable) when its columns were last seen to be those in
  // `columns`; 0: not known.
  std::uint64_t file_number = 0;
  // The highest number of a column that the table had then (ColumnOrigin), if it is not among
  // `columns`; otherwise 0.
  std::uint64_t newest_unsent_column = 0;
  // While a table that has a log is copied: where its slices found the rows, as the engine's
  // identifier.
  std::string storage;
  // The generation of its valid digests; 0: there are none.
  std::uint64_t generation = 0;

  // The rest is for kCopying; a live table has none of it.
  DoneRanges done;
  // For kLog. The log is complete for the table from this transaction on: a slice whose snapshot
  // has unfinished transactions before it does not open.
  std::uint64_t whole_from = 0;
  // For kLog. What the table's first snapshot saw: the copy has its changes. Its numbers are 0: not
  // known.
  Snapshot start;
  // For kLog. The position that the log must pass before the table is live.
  LogPosition bound;

  // All that is for kCopying: nothing of the table is copied, or the copy is done.
  void ClearCopy() {
    done = DoneRanges();
    storage.clear();
    whole_from = 0;
    start = Snapshot();
    bound = LogPosition();
  }

  bool operator==(const TableState&) const = default;
};

// All texts are valid UTF-8, except for the keys.
struct State {
  SourceIdentity source;
  // Selection::Digest of the selection that the tables follow.
  std::string selection;
  std::string epoch;
  // Position of the last batch that the checkpoint covers; 0: none. At most kMaxPosition.
  std::uint64_t position = 0;
  // kStagingKeyBytes bytes; empty if the operator's key file is used.
  std::string staging_key;
  // kDigestKeyBytes bytes, the key of the digests of the tables' generations; empty if there are
  // none. If an operator's key file is used, this key alone cannot read them.
  std::string digest_key;
  // The position in the source's log that the stream has reached.
  LogPosition log_position;
  // The server life that the tables' `whole_from` and `start` belong to, as the engine's
  // identifier: a server that has crashed may use numbers again.
  std::string log_life;
  // Every selected table is live and was read from this one content, so a source that still has
  // this content holds nothing new. Empty otherwise. The entries alone cannot say this, because a
  // table without an entry is pending.
  std::string complete;
  std::map<TableName, TableState> tables;

  // There is no state: the source has never been synced, or a re-sync was requested.
  bool first_sync() const { return epoch.empty(); }

  bool operator==(const State&) const = default;
};

// Reads `state_json`. Absent, empty, blank and {} all mean a first sync.
//   INVALID_ARGUMENT     malformed, or beyond kMaxStateBytes, kMaxStateDepth or
//                        kMaxStateSharedBytes.
//   FAILED_PRECONDITION  of another version than kStateVersion.
// The error text says which part is wrong and what to do; it quotes no content.
absl::StatusOr<State> ParseState(std::string_view state_json);

// One line of JSON, the same for equal states; a live table's members for kCopying are not written.
// A state that breaks the rules above ends the process: a state that cannot be read back must not
// be sent. The caller compares the text's size with limits::kMaxStateBytes, which a source with
// very many tables may reach. A first sync gives {}.
std::string SerializeState(const State& state);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_H_
