// A source with two keys, whose rows are in one of two blocks, and with three transactions. Each
// transaction writes, commits in the log, and becomes visible later; until then its rows are
// locked, and only the transaction itself sees what it has written.
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

// What a transaction does to a row. If there is no such row, it does nothing, unless stated
// otherwise.
enum class Kind {
  kUpdate,   // Changes one value. The other is not changed, and the log lacks it.
  kReplace,  // Changes both values. Inserts the row if it does not exist.
  kDelete,
  kRename,  // Changes its key to the other one, if that is free, and one value, like kUpdate.
};
struct Write {
  Kind kind;
  int key;
  // The block of the new row.
  int block;
};
struct Script {
  std::array<std::vector<Write>, kTransactions> transactions;
  // Whether the second key exists at the start, in the second block.
  bool two_rows = true;
  // Whether the log includes the table from the start; otherwise it joins at some moment.
  bool followed = true;
};

struct Row {
  int value;
  int toast;
  bool operator==(const Row&) const = default;
};
using Rows = std::array<std::optional<Row>, kKeys>;

// One bit for each transaction.
using Set = std::uint8_t;
inline bool Has(unsigned set, int transaction) { return (set >> transaction & 1u) != 0; }

// A value that the log leaves out.
inline constexpr std::int8_t kMissing = -1;
// A change in the log. If both values are missing, it is a delete.
struct Change {
  std::int8_t key;
  std::int8_t value;
  std::int8_t toast;
  // The destination does not have the row with this key, so it needs all values.
  bool renamed = false;
};
using Changes = absl::InlinedVector<Change, 4>;

struct Version {
  std::int8_t key;
  std::int8_t value;
  std::int8_t toast;
  std::int8_t block;
  // Transactions; -1: before all of them, or not yet.
  std::int8_t made_by;
  std::int8_t ended_by;
};

// What a reader sees, in two forms: as a set, and as the snapshot that the source reports.
struct View {
  Set seen = 0;
  Snapshot snapshot;
};

class SmallSource {
 public:
  enum class Stage : std::uint8_t { kIdle, kWritten, kLogged, kVisible };
  struct Transaction {
    Stage stage = Stage::kIdle;
    // False if it wrote before the log included the table; then its changes are not in the log.
    bool in_log = false;
    std::uint8_t number = 0;
    Changes changes;
  };

  explicit SmallSource(const Script& script);

  // Advances the transaction to its next stage. False if a row that it writes is locked, or if it
  // has reached the last stage.
  bool Advance(int transaction, bool in_log);
  // For a reader of the source that has its own transaction number.
  std::uint8_t TakeNumber() { return next_number_++; }

  View Look() const;
  // Null if there is no row.
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
  // Ends the existing version, and makes a new one unless its value is missing.
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
