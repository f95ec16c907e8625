// A source database with transactions and a log, like PostgreSQL: transactions have numbers and run
// concurrently; a commit is in the log before it is visible; the log leaves out a large value that
// an update has not changed, and changes to a table from before the log included it. After a crash
// of the server, the numbers of lost transactions are used again.
#ifndef TRIBUTARY_TESTS_SIMULATION_LOGGED_SOURCE_H_
#define TRIBUTARY_TESTS_SIMULATION_LOGGED_SOURCE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/snapshot.h"
#include "proto/worker.pb.h"
#include "tests/simulation/content.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/random.h"

namespace tributary::simulation {

// Left out of the log if an update does not change it.
inline constexpr char kLargeColumn[] = "large";
inline constexpr char kAddedColumn[] = "added";
// Where rows are stored; several rows may share a block.
inline constexpr int kBlocks = 8;

struct LoggedChange {
  // kLost: the log only says that the rows have changed in some way.
  enum class What { kInsert, kUpdate, kDelete, kTruncate, kAddColumn, kLost };
  What what = What::kInsert;
  std::string table;
  // The row's key before the change.
  std::string key = {};
  // The row after the change; columns that it lacks were not changed.
  Row row = {};
  // The log included the table at that time.
  bool in_log = true;
  std::uint64_t lsn = 0;
};

struct LoggedTransaction {
  // 0: a message that was written to the log.
  std::uint64_t number = 0;
  std::vector<LoggedChange> changes = {};
  // The log positions of its commit, and after it.
  std::uint64_t final = 0;
  std::uint64_t end = 0;
};

class LoggedSource final : public SimulatedSource {
 public:
  explicit LoggedSource(Random& random);

  void Step(const Faults& faults) override;
  void StepBetween(const Faults& faults) override;
  // It writes at most this many times until the next call. A source that makes tables begin again
  // forever would never be copied completely.
  void AllowWrites(std::size_t writes) { writes_left_ = writes; }
  // One small step. `writes`: also begins new changes; otherwise it only continues what has begun.
  void Step(bool writes);
  void Crash();
  bool quiet() const { return running_.empty() && hidden_.empty(); }

  // --- what a connection sees ---
  const std::string& life() const { return life_; }
  Snapshot TakeSnapshot() const;
  // By block, in order.
  std::multimap<int, Row> RowsSeenBy(const std::string& table, const Snapshot& snapshot) const;
  std::optional<Row> Find(const std::string& table, const std::string& key) const;
  std::string ContentOf(const std::string& table) const;
  Catalog Describe() const;
  // The current rows, by key.
  Table Current(const std::string& table) const;
  std::vector<std::string> tables() const;

  // A reader's lock, held as long as the returned pointer exists; null while another session holds
  // an exclusive lock.
  std::shared_ptr<void> Lock(const std::string& table);

  // --- its log ---
  // Its end now.
  std::uint64_t log_end() const { return lsn_; }
  const std::vector<LoggedTransaction>& log() const { return log_; }
  // The log is kept from `kept_from` on. False: it waits for running transactions.
  bool Keep();
  std::optional<std::uint64_t> kept_from() const { return kept_from_; }
  void Release(std::uint64_t end);
  // From now on the log includes the table's changes. Returns the first transaction that it
  // includes completely.
  std::uint64_t TakeUp(const std::string& table);
  // Returns the position after the message.
  std::uint64_t WriteMessage();

 private:
  struct Version {
    Row row;
    int block = 0;
    std::uint64_t made = 0;
    std::uint64_t ended = 0;
  };
  struct Relation {
    std::vector<std::string> columns;
    std::uint64_t content = 1;
    bool taken_up = false;
    std::vector<Version> versions = {};
    // The number of readers, and the transaction with the exclusive lock.
    std::shared_ptr<int> readers = std::make_shared<int>();
    std::uint64_t owner = 0;
  };
  struct Writer {
    std::vector<LoggedChange> changes;
    std::set<std::pair<std::string, std::string>> rows;
    std::set<std::string> owned;
    bool adds_column = false;
  };

  Row MakeRow(const Relation& relation, const std::string& key);
  std::string NextValue();
  void Write(std::uint64_t number, Writer& writer);
  void WriteRow(std::uint64_t number, Writer& writer, const std::string& name);
  void Empty(std::uint64_t number, Writer& writer, const std::string& name);
  void AddColumn();
  void MoveRows();
  bool LockRow(std::uint64_t number, Writer& writer, const std::string& table,
               const std::string& key);
  bool Own(std::uint64_t number, Writer& writer, const std::string& table);
  Version* See(std::uint64_t number, const std::string& table, const std::string& key);
  void Log(Writer& writer, LoggedChange change);
  void Commit(std::uint64_t number, Writer writer);
  void RollBack(std::uint64_t number, const Writer& writer);
  void Show(const Writer& writer);
  void Unlock(const Writer& writer);

  Random& random_;
  std::size_t writes_left_ = 0;
  std::uint64_t lives_ = 1;
  std::string life_ = "life 1";
  std::uint64_t next_ = 100;
  std::uint64_t last_committed_ = 99;
  std::uint64_t values_ = 0;
  std::uint64_t lsn_ = 8;
  std::map<std::string, Relation> relations_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> row_locks_;
  std::map<std::uint64_t, Writer> running_;
  // In the log, and not yet visible.
  std::map<std::uint64_t, Writer> hidden_;
  std::vector<LoggedTransaction> log_;
  std::optional<std::uint64_t> kept_from_;
  std::optional<std::set<std::uint64_t>> kept_waits_for_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LOGGED_SOURCE_H_
