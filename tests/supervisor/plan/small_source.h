// A source of two keys, whose rows lie in one of two blocks, and of three transactions.
// Each writes, commits in the log, and becomes visible later; until then its rows are
// locked, and what it wrote is seen by nobody else.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_PLAN_SMALL_SOURCE_H_
#define TRIBUTARY_TESTS_SUPERVISOR_PLAN_SMALL_SOURCE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "common/snapshot.h"

namespace tributary::gate_world {

inline constexpr int kKeys = 2;
inline constexpr int kBlocks = 2;
inline constexpr int kTransactions = 3;

// What a transaction does to a row. Where the row is not there, nothing, unless said.
enum class Kind {
  kUpdate,   // One value. The other is kept, and the log lacks it.
  kReplace,  // Both values. Inserts the row where it is not there.
  kDelete,
  kRename,  // Gives it the other key, if that is free; one value, like kUpdate.
};
struct Write {
  Kind kind;
  int key;
  // Where the new row lies.
  int block;
};
struct Script {
  std::array<std::vector<Write>, kTransactions> transactions;
  // Whether the second key is there at first, in the second block.
  bool two_rows = true;
  // Whether the log has all of the table from the first moment; otherwise it joins at any.
  bool followed = true;
};

struct Row {
  int value;
  int toast;
  bool operator==(const Row&) const = default;
};
using Rows = std::array<std::optional<Row>, kKeys>;

// A bit for each transaction.
using Set = std::uint8_t;
inline bool Has(unsigned set, int transaction) { return (set >> transaction & 1u) != 0; }

// Of a change that the log tells without the value.
inline constexpr std::int8_t kMissing = -1;
// As the log tells it. Both values missing: a delete.
struct Change {
  std::int8_t key;
  std::int8_t value;
  std::int8_t toast;
  // The destination does not have the row under this key, so it needs all values.
  bool renamed = false;
};
using Changes = absl::InlinedVector<Change, 4>;

struct Version {
  std::int8_t key;
  std::int8_t value;
  std::int8_t toast;
  std::int8_t block;
  // Transactions; -1: before all, or not yet.
  std::int8_t made_by;
  std::int8_t ended_by;
};

// What a reader sees, twice: as a set, and as the snapshot that the source tells of it.
struct View {
  Set seen = 0;
  Snapshot snapshot;
};

class SmallSource {
 public:
  enum class Stage : std::uint8_t { kIdle, kWritten, kLogged, kVisible };
  struct Transaction {
    Stage stage = Stage::kIdle;
    // Nothing of it is in the log where it wrote before the log had the table.
    bool in_log = false;
    std::uint8_t number = 0;
    Changes changes;
  };

  explicit SmallSource(const Script& script);

  // The transaction's next stage. False where a row that it writes is locked, or it has
  // come to the last.
  bool Advance(int transaction, bool in_log);
  // For a reader of the source that takes a number of its own.
  std::uint8_t TakeNumber() { return next_number_++; }

  View Look() const;
  // Null where there is no row.
  const Version* Find(int key, Set seen) const;
  Rows RowsSeenBy(Set seen) const;

  const Transaction& transaction(int index) const {
    return transactions_[static_cast<std::size_t>(index)];
  }
  // Transactions in the order of their commits.
  const absl::InlinedVector<std::uint8_t, kTransactions>& log() const { return log_; }
  const absl::InlinedVector<Version, 8>& versions() const { return versions_; }
  Set visible() const { return visible_; }

 private:
  bool IsLocked(const std::vector<Write>& writes) const;
  void DoWrite(int transaction, const Write& write, int value);
  // Ends the row that is there, and makes a new one unless its value is missing.
  void Put(int transaction, int key, int value, int toast, int block);

  const Script* script_;
  std::array<Transaction, kTransactions> transactions_;
  absl::InlinedVector<Version, 8> versions_;
  absl::InlinedVector<std::uint8_t, kTransactions> log_;
  Set visible_ = 0;
  std::uint8_t next_number_;
};

}  // namespace tributary::gate_world

#endif  // TRIBUTARY_TESTS_SUPERVISOR_PLAN_SMALL_SOURCE_H_
