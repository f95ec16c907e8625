// A source database with transactions and a log, as PostgreSQL has them: transactions have
// numbers and run beside each other; a commit is in the log first and visible later; the log
// leaves out a large value that an update has kept, and what was done to a table before the
// log took it up. After a crash of the server numbers of transactions that were lost are
// used again.
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

// Left out of the log where an update keeps it.
inline constexpr char kLargeColumn[] = "large";
inline constexpr char kAddedColumn[] = "added";
// Where rows lie; several may share one.
inline constexpr int kBlocks = 8;

struct LoggedChange {
  // kLost: the log says only that something has become of the rows.
  enum class What { kInsert, kUpdate, kDelete, kTruncate, kAddColumn, kLost };
  What what = What::kInsert;
  std::string table;
  // The row's key before the change.
  std::string key = {};
  // After it; what it lacks was kept.
  Row row = {};
  // The table had been taken up.
  bool in_log = true;
  std::uint64_t lsn = 0;
};

struct LoggedTransaction {
  // 0: a message that somebody has written into the log.
  std::uint64_t number = 0;
  std::vector<LoggedChange> changes = {};
  // Of its commit, and after it.
  std::uint64_t final = 0;
  std::uint64_t end = 0;
};

class LoggedSource final : public SimulatedSource {
 public:
  explicit LoggedSource(Random& random);

  void Step(const Faults& faults) override;
  void StepBetween(const Faults& faults) override;
  // It writes that often at most until the next call. A source that begins tables again for
  // ever would never be copied.
  void AllowWrites(std::size_t writes) { writes_left_ = writes; }
  // One small thing. `writes`: not only what has begun goes on.
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
  // As it is now, by key.
  Table Current(const std::string& table) const;
  std::vector<std::string> tables() const;

  // A reader's lock, until what it returns is gone; null while others have the table for
  // themselves.
  std::shared_ptr<void> Lock(const std::string& table);

  // --- its log ---
  // Its end now.
  std::uint64_t log_end() const { return lsn_; }
  const std::vector<LoggedTransaction>& log() const { return log_; }
  // The log is kept from `kept_from` on. False: it waits for transactions that run.
  bool Keep();
  std::optional<std::uint64_t> kept_from() const { return kept_from_; }
  void Release(std::uint64_t end);
  // From now on the log has the table's changes. The first transaction that it has whole.
  std::uint64_t TakeUp(const std::string& table);
  // After it.
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
    // Readers, and the transaction that has it for itself.
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
  // In the log, and not visible.
  std::map<std::uint64_t, Writer> hidden_;
  std::vector<LoggedTransaction> log_;
  std::optional<std::uint64_t> kept_from_;
  std::optional<std::set<std::uint64_t>> kept_waits_for_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LOGGED_SOURCE_H_
