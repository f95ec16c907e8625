// The part of LogStream that says what the log's messages mean.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/sources/postgresql/log_stream.h"
#include "worker/wait.h"

namespace tributary::postgresql {
namespace {

using std::chrono::steady_clock;
using Type = PgoutputMessage::Type;

// How long a committed transaction may stay invisible: it waits for a synchronous standby.
constexpr std::chrono::seconds kVisiblePatience{15};
constexpr std::chrono::milliseconds kLongestLook{50};
// Within a transaction: rows between two positions.
constexpr std::uint64_t kRowsBetweenPositions = 2'000;

}  // namespace

absl::Status LogStream::Take(const ReplicationMessage& message) {
  const bool is_data = message.type == ReplicationMessage::Type::kLogData;
  // Of a transaction that began in an earlier turn nothing is gathered: it may be large.
  if (is_data && !cursor_->in_transaction() && message.payload.size() <= LogGathering::kMostBytes) {
    gathered_.Add(message);
    return gathered_.full() ? TakeGathered() : absl::OkStatus();
  }
  if (const absl::Status taken = TakeGathered(); !taken.ok() || ended_) return taken;
  if (is_data) return TakeData(message);
  received_ = std::max(received_, message.end);
  cursor_->TakeKeepalive(message.end);
  following_.place = cursor_->place();
  return message.reply_wanted ? Report() : absl::OkStatus();
}

absl::Status LogStream::TakeGathered() {
  while (const auto data = gathered_.Take()) {
    if (const absl::Status taken = TakeData(*data); !taken.ok() || ended_) return taken;
  }
  return absl::OkStatus();
}

absl::Status LogStream::TakeData(const ReplicationMessage& data) {
  received_ = std::max(received_, data.start);
  const absl::Status parsed = ParsePgoutput(data.payload, message_);
  if (!parsed.ok()) return parsed;
  const auto is_new = cursor_->Take(message_, data.start);
  if (!is_new.ok()) return is_new.status();
  const absl::Status taken = TakeMessage(*is_new);
  if (taken.ok()) following_.place = cursor_->place();
  return taken;
}

absl::Status LogStream::TakeMessage(bool is_new) {
  switch (message_.type) {
    case Type::kBegin:
      transaction_ = WholeTransaction(message_.transaction, view_.snapshot.none_from);
      begun_ = announced_ > 0;
      if (begun_) --announced_;
      return absl::OkStatus();
    case Type::kCommit:
      following_.place = cursor_->place();
      lag_.Committed(message_.time);
      ended_ = end_seen_;
      if ((begun_ && announced_ == 0) || ended_) TellPosition();
      return absl::OkStatus();
    case Type::kRelation:
      TakeRelation(message_);
      return absl::OkStatus();
    case Type::kInsert:
    case Type::kUpdate:
    case Type::kDelete:
      return is_new ? TakeChange(message_) : absl::OkStatus();
    case Type::kTruncate:
      return is_new ? TakeTruncate(message_) : absl::OkStatus();
    case Type::kMessage:
      end_seen_ = end_seen_ || (!end_mark_.empty() && message_.content == end_mark_);
      join_seen_ = join_seen_ || (!join_mark_.empty() && message_.content == join_mark_);
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

void LogStream::TakeRelation(const PgoutputMessage& message) {
  Described& described = relations_[message.oid];
  changes_.TellRemarks();
  row_again_.Forget(message.oid);
  described = Described();
  described.columns.identity = message.identity;
  for (const RelationColumn& column : message.columns) {
    described.columns.columns.push_back({.name = std::string(column.name),
                                         .type = column.type,
                                         .typmod = column.typmod,
                                         .in_identity = column.in_identity});
  }
}

absl::StatusOr<LogTable*> LogStream::TableOf(std::uint32_t oid) {
  const auto own = by_oid_.find(oid);
  if (own != by_oid_.end()) return own->second;
  if (!any_partitioned_) return nullptr;
  // A partition, where the publication has them under their own names.
  const auto rows = session_.Query(absl::StrCat("SELECT pg_partition_root(", oid, ")::oid"),
                                   "look for a partition's root");
  if (!rows.ok()) return rows.status();
  const auto root = by_oid_.find(static_cast<std::uint32_t>(rows->number(0, 0)));
  return root == by_oid_.end() ? nullptr : root->second;
}

absl::StatusOr<LoggedRelation*> LogStream::RelationOf(std::uint32_t oid) {
  Described& described = relations_[oid];
  if (!described.table.has_value()) {
    auto table = TableOf(oid);
    if (!table.ok()) return table.status();
    described.table = *table;
  }
  LogTable* const table = *described.table;
  if (table == nullptr || !Concerns(*table)) return nullptr;
  if (described.relation == nullptr) {
    // Its columns are looked up, and the transaction may have made them.
    if (const absl::Status begun = BeginTransaction(); !begun.ok()) return begun;
    absl::Status named = CheckNames(*table, oid, described.columns, session_);
    if (named.ok() && table->Lacks(described.columns)) {
      const absl::Status added = AddColumns({table}, /*copy_begins=*/false);
      if (!added.ok()) return added;
      // Other columns may have got these names between the two queries.
      named = CheckNames(*table, oid, described.columns, session_);
    }
    if (absl::IsNotFound(named)) {
      Lose(*table, named);
      return nullptr;
    }
    if (!named.ok()) return named;
    auto made = LoggedRelation::Make(*table, oid, described.columns, session_, types_);
    if (absl::IsNotFound(made.status())) {
      Lose(*table, made.status());
      return nullptr;
    }
    if (!made.ok()) return made.status();
    described.relation = *std::move(made);
  }
  return described.relation.get();
}

absl::Status LogStream::AddColumns(const std::vector<LogTable*>& tables, bool copy_begins) {
  std::vector<TableWithColumns> asked;
  for (const LogTable* const table : tables) {
    asked.push_back({.oid = table->access.oid, .told = &table->told});
  }
  const auto added = AskAddedColumns(session_, types_, asked, !copy_begins);
  if (!added.ok()) return added.status();
  for (LogTable* const table : tables) {
    const auto found = added->find(table->access.oid);
    if (found == added->end()) continue;
    TableChanged changed;
    changed.set_table(table->told.table());
    *changed.mutable_columns() = table->told.columns();
    changed.mutable_columns()->MergeFrom(found->second.columns);
    for (int i = 0; i < table->told.columns_size(); ++i) changed.add_origins();
    changed.mutable_origins()->MergeFrom(found->second.origins);
    changes_.TellRemarks();
    writer_.Changed(changed);
    table->Add(found->second);
    ForgetRelations(*table);
  }
  return absl::OkStatus();
}

void LogStream::ForgetRelations(const LogTable& table) {
  for (auto& [oid, described] : relations_) {
    if (described.table != &table) continue;
    described.relation.reset();
    row_again_.Forget(oid);
  }
}

absl::Status LogStream::TakeChange(const PgoutputMessage& message) {
  auto relation = RelationOf(message.oid);
  if (!relation.ok()) return relation.status();
  if (*relation == nullptr) return absl::OkStatus();
  if (const absl::Status begun = BeginTransaction(); !begun.ok()) return begun;
  const absl::Status written = changes_.Write(**relation, message);
  if (absl::IsNotFound(written) || absl::IsDataLoss(written)) {
    // A type that was altered is asked for again.
    types_.Forget();
    Lose((*relation)->table(), written);
    return absl::OkStatus();
  }
  if (!written.ok()) return written;
  if (writer_.rows().rows() - rows_told_ < kRowsBetweenPositions) return absl::OkStatus();
  following_.place = cursor_->place();
  TellPosition();
  return absl::OkStatus();
}

absl::Status LogStream::TakeTruncate(const PgoutputMessage& message) {
  std::vector<LogTable*> told;
  for (const std::uint32_t oid : message.truncated) {
    auto table = TableOf(oid);
    if (!table.ok()) return table.status();
    if (*table == nullptr || !Concerns(**table)) continue;
    if (std::find(told.begin(), told.end(), *table) != told.end()) continue;
    told.push_back(*table);
    if (const absl::Status begun = BeginTransaction(); !begun.ok()) return begun;
    if ((*table)->access.oid == oid) {
      changes_.Truncate(**table);
    } else {
      Lose(**table, absl::NotFoundError("a partition was truncated, and others were not"));
    }
  }
  return absl::OkStatus();
}

absl::Status LogStream::BeginTransaction() {
  if (begun_) return absl::OkStatus();
  if (!view_.snapshot.Sees(transaction_)) {
    const auto until = steady_clock::now() + kVisiblePatience;
    auto pause = std::chrono::milliseconds(1);
    for (;;) {
      auto view = TakeNextView(session_, view_);
      if (!view.ok()) return view.status();
      if (view->life != view_.life) {
        return absl::UnavailableError("follow the log: the server was started anew");
      }
      view_ = *std::move(view);
      if (view_.snapshot.Sees(transaction_)) break;
      if (steady_clock::now() > until) {
        early_ = absl::StrCat(
            "The server's log has a transaction that is committed and stays invisible for ",
            kVisiblePatience.count(),
            " s, as with a synchronous standby that is down. The sync ends before it, in order; "
            "start the standby, or take it out of synchronous_standby_names.");
        return absl::CancelledError(early_);
      }
      if (steady_clock::now() - reported_at_ > std::chrono::seconds(10)) {
        if (const absl::Status reported = Report(); !reported.ok()) return reported;
      }
      WaitFor(-1, 0, steady_clock::now() + pause, pulse_);
      pause = std::min(pause * 2, kLongestLook);
    }
    writer_.Snapshot(view_.snapshot, view_.life);
  }
  writer_.Transaction(transaction_);
  begun_ = true;
  // Those that follow pass the gate with it. A slice that opens between here and their changes
  // sees N, and so them.
  for (const std::uint32_t number : gathered_.transactions_left()) {
    const std::uint64_t next = WholeTransaction(number, view_.snapshot.none_from);
    if (!view_.snapshot.Sees(next)) break;
    writer_.Transaction(next);
    ++announced_;
  }
  return absl::OkStatus();
}

void LogStream::Lose(LogTable& table, const absl::Status& why) {
  changes_.TellRemarks();
  table.joined = false;
  table.lost = true;
  writer_.Lost(table.told.table());
  options_.log.Warning(
      "a table's changes cannot be told by the log; it is copied again",
      {{log_key::kTable, absl::StrCat(table.told.schema_name(), ".", table.told.table_name())},
       {log_key::kError, std::string(why.message())}});
}

}  // namespace tributary::postgresql
