// One connection's worth of following the log: from connecting to the end mark, or to where
// the connection breaks. What was written until then counts, so that the next one goes on
// from its place.
//
// The main thread's.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_STREAM_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_STREAM_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/log.h"
#include "worker/pulse.h"
#include "worker/sources/change_log.h"
#include "worker/sources/postgresql/change_writer.h"
#include "worker/sources/postgresql/log_connection.h"
#include "worker/sources/postgresql/log_cursor.h"
#include "worker/sources/postgresql/log_gathering.h"
#include "worker/sources/postgresql/log_lag.h"
#include "worker/sources/postgresql/log_publication.h"
#include "worker/sources/postgresql/logged_relation.h"
#include "worker/sources/postgresql/row_again.h"
#include "worker/sources/postgresql/server_view.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/setup.h"
#include "worker/sources/postgresql/type_lookup.h"

namespace tributary::postgresql {

struct FollowOptions {
  std::chrono::milliseconds patience{};
  // How much of its log the server may hold back for the slot before a sync ends for it.
  std::uint64_t max_retained_bytes = 0;
  Logger log = {};
};

// What outlives a connection.
struct Following {
  LogPosition place;
  // The life of the server that the tables' numbers are of; empty before the first.
  std::string life;
  // By their numbers in this sync.
  std::map<std::uint32_t, LogTable> tables;
  // What the server may release of its log; 0 once it was told.
  Lsn confirmed = 0;
  // The order to finish has come.
  bool finishing = false;
};

class LogStream {
 public:
  // All of them outlive it.
  LogStream(const Settings& settings, const PreparedLogin& login, const FollowOptions& options,
            Pulse& pulse, Following& following, LogWriter& writer, FollowOrders& orders)
      : settings_(settings),
        options_(options),
        pulse_(pulse),
        following_(following),
        writer_(writer),
        orders_(orders),
        session_(login, pulse, options.patience, Session::Kind::kStatements),
        log_(login, pulse, options.patience),
        row_again_(session_),
        changes_(writer, row_again_) {}
  ~LogStream() { writer_.WhileFull(nullptr); }

  // Outcome: DONE, PAUSED, EARLY. UNAVAILABLE: the connection broke.
  absl::StatusOr<AssignmentEnd::Outcome> Run();

 private:
  // --- before the stream ---
  absl::Status Connect();
  // Makes the slot where a first sync needs it, and starts the stream.
  absl::Status AttachToSlot();
  std::vector<PublishedTable> Published() const;
  // Reports N; then all tables that are not live join, except those that join later.
  absl::Status JoinAll();
  // Those whose copy had to wait for the log.
  absl::Status JoinLater();
  // After a failover. What the log has passed is in the histories of both servers (PrepareSlot),
  // but a slice sees more than that, and the rest of the former primary's log is lost. So tables
  // that are not live are copied again.
  void LoseCopiesOfOtherHistory();
  // With W and a start snapshot for those that have none yet.
  absl::Status Join(const std::vector<LogTable*>& tables);

  // --- the stream ---
  absl::StatusOr<std::optional<AssignmentEnd::Outcome>> Turn();
  absl::Status TakeOrders();
  // Writes a message into the log and returns its text, which no other message has.
  absl::StatusOr<std::string> WriteMark(absl::string_view word);
  absl::Status Take(const ReplicationMessage& message);
  // What was gathered, in order, up to the end mark.
  absl::Status TakeGathered();
  absl::Status TakeData(const ReplicationMessage& data);
  // message_; `is_new`: the cursor's word.
  absl::Status TakeMessage(bool is_new);
  void TakeRelation(const PgoutputMessage& message);
  // Null: of no table that is followed.
  absl::StatusOr<LogTable*> TableOf(std::uint32_t oid);
  absl::StatusOr<LoggedRelation*> RelationOf(std::uint32_t oid);
  // Columns that these tables have got since the catalog was read are sent from here on. Those
  // in which older rows hold values are left to the next sync, unless the copy begins here.
  absl::Status AddColumns(const std::vector<LogTable*>& tables, bool copy_begins);
  // Relations of the table, its partitions among them, are made anew with its next change.
  void ForgetRelations(const LogTable& table);
  absl::Status TakeChange(const PgoutputMessage& message);
  absl::Status TakeTruncate(const PgoutputMessage& message);
  // Before the first record of a transaction: N sees it, and the ring has its number. The numbers
  // of those that were gathered after it, as far as N sees them, go with it.
  absl::Status BeginTransaction();
  // The table has to be copied again; its changes are passed over until it joins anew.
  void Lose(LogTable& table, const absl::Status& why);
  void TellPosition();
  absl::Status Report();
  // Tells how far the log's end is, and what the server holds back of it; where that is too
  // much the sync ends.
  absl::Status LookAtServer();
  // Names the transactions that slices wait for, in the log and later in a Warning.
  absl::Status LookForOlder();
  void TellStanding(Lsn end, std::int64_t now, std::uint64_t retained, std::uint64_t bound);
  void Wait(std::chrono::milliseconds most);
  bool Concerns(const LogTable& table) const {
    return table.joined && !table.start.Sees(transaction_);
  }

  const Settings& settings_;
  const FollowOptions& options_;
  Pulse& pulse_;
  Following& following_;
  LogWriter& writer_;
  FollowOrders& orders_;

  Session session_;
  LogConnection log_;
  TypeLookup types_;
  RowAgain row_again_;
  ChangeWriter changes_;

  std::string slot_;
  ServerView view_;
  std::optional<LogCursor> cursor_;
  PgoutputMessage message_;
  std::unordered_map<std::uint32_t, LogTable*> by_oid_;
  bool any_partitioned_ = false;
  // By OID, as the log has described them in this connection.
  struct Described {
    RelationColumns columns;
    // Nothing until its first change.
    std::optional<LogTable*> table;
    std::unique_ptr<LoggedRelation> relation;
  };
  std::unordered_map<std::uint32_t, Described> relations_;

  Lsn received_ = 0;
  LogGathering gathered_;
  LogLag lag_;
  // The transaction that is read: its number, and whether the ring knows of it.
  std::uint64_t transaction_ = 0;
  bool begun_ = false;
  // How many that follow it the ring knows of as well.
  std::size_t announced_ = 0;
  // How many rows there were, and the place, when a position was told last.
  std::uint64_t rows_told_ = 0;
  LogPosition told_;
  std::chrono::steady_clock::time_point told_at_{};
  std::chrono::steady_clock::time_point reported_at_{};
  std::chrono::steady_clock::time_point looked_at_{};
  std::chrono::steady_clock::time_point began_at_{};
  // The content of the message after which tables join; empty: none has to wait.
  std::string join_mark_;
  bool join_seen_ = false;
  // The content of the message that ends the stream; empty: nobody has asked for the end.
  std::string end_mark_;
  bool end_seen_ = false;
  bool ended_ = false;
  // Why the sync ends early; empty while it does not.
  std::string early_;
  // Since when slices wait for transactions that are older than their tables' W, and when that was
  // logged last; no value while none wait.
  std::optional<std::chrono::steady_clock::time_point> waiting_since_;
  std::chrono::steady_clock::time_point waiting_logged_{};
  bool warned_of_waiting_ = false;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_STREAM_H_
