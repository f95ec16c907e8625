#include "supervisor/sync/sync.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/text.h"
#include "supervisor/plan/gate.h"
#include "supervisor/pool/ask.h"
#include "supervisor/sync/compare_lane.h"
#include "supervisor/sync/copy_lane.h"
#include "supervisor/sync/figures.h"
#include "supervisor/sync/log_lane.h"
#include "supervisor/sync/messages.h"

namespace tributary {
namespace {

std::size_t CopyWorkers(const Settings& settings, const Connection& connection) {
  const std::size_t most = connection.most_workers;
  return most == 0 ? settings.workers : std::min(settings.workers, most);
}

bool HasLog(const Plan& plan) {
  return !plan.followed.empty() ||
         std::any_of(plan.copies.begin(), plan.copies.end(),
                     [](const TableToCopy& table) { return table.method == Method::kLog; });
}

}  // namespace

std::string RandomBytes(std::size_t count) {
  std::string bytes(count, '\0');
  // The generator never fails once seeded, and OpenSSL seeds it from the kernel.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    std::abort();
  }
  return bytes;
}

Sync::Sync(const Settings& settings, StatusBoard& board, SyncRequest request,
           std::shared_ptr<MessageWriter> writer, const std::atomic<bool>& draining, Doorbell bell,
           SyncWorld world)
    : settings_(settings),
      board_(board),
      request_(std::move(request)),
      writer_(std::move(writer)),
      draining_(draining),
      bell_(std::move(bell)),
      world_(std::move(world)),
      selection_digest_(request_.selection.Digest()),
      confirmed_log_(request_.state.log_position),
      epoch_(settings_, world_, *writer_, [this] { bell_.Ring(); }),
      checkpoints_(settings_),
      digests_(world_, request_.state, [this] { bell_.Ring(); }),
      report_(board, request_.connection.id, request_.connection.source,
              request_.connection.database, *world_.clock),
      started_(world_.clock->Now()) {
  writer_->OnProgress([this] { bell_.Ring(); });
}

Sync::~Sync() { writer_->OnProgress(nullptr); }

absl::Status Sync::Run() {
  world_.log.Info("sync starts", {{log_key::kSource, request_.connection.source},
                                  {log_key::kDatabase, request_.connection.database}});
  const absl::Status done = RunSteps();
  // Warnings, a Task, and the messages that the client has yet to take.
  const absl::Status concluded = Conclude(done);
  Count();
  const SyncEnd end = EndOf(done, concluded, Draining());
  report_.End(end, std::string((done.ok() ? concluded : done).message()));
  LogEnd(end, concluded);
  return concluded;
}

absl::Status Sync::RunSteps() {
  report_.ShowStep("opens its staging");
  // The connection's folder on the local disk, which only one sync may use at a time.
  if (absl::Status done = epoch_.OpenStaging(request_.connection.id); !done.ok()) return done;
  // The messages that an earlier sync staged after the state that came back.
  if (absl::Status done = FindStaged(); !done.ok()) return done;
  // The digests of rows that earlier syncs sent, if there are any.
  OpenDigests();
  // The source's catalog, or the answer that it has not changed.
  if (absl::Status done = AskCatalog(); !done.ok()) return done;
  // The staged messages are sent again, and the sync continues where they end.
  if (absl::Status done = ReplayStaged(); !done.ok()) return done;
  // Catalog, selection and state are compared: which tables must be read.
  if (absl::Status done = MakePlan(); !done.ok()) return done;
  // If anything is read: a new epoch for its positions.
  BeginEpoch();
  // Warnings about tables that the state is about to forget.
  for (const std::string& warning : plan_.warnings) Warn(warning);
  // A checkpoint before the first record, since it carries the epoch's staging key.
  if (absl::Status done = Checkpoint(); !done.ok()) return done;
  // Warnings, and columns that the destination does not know.
  EmitPlan();
  // Copies and the log, merged into one stream.
  report_.ShowStep("reads tables");
  const absl::Status read = ReadTables();
  // Also after a failure: everything read until then counts.
  const absl::Status last = Checkpoint();
  return read.ok() ? last : read;
}

absl::Status Sync::ShuttingDown() {
  return absl::UnavailableError("the connector is shutting down; the next sync goes on");
}

absl::Status Sync::MayGoOn() {
  if (ClientGone()) return absl::CancelledError("the client is gone");
  if (Draining()) return ShuttingDown();
  return absl::OkStatus();
}

// --- before anything is read -------------------------------------------------

void Sync::OpenDigests() {
  const bool first = pool_ == nullptr;
  if (first ? request_.state.digest_key.empty() : !HasComparable(catalog_)) return;
  const std::string folder = epoch_.folder(request_.connection.id);
  digests_.Open(folder.empty() ? "" : folder + "/digests", epoch_.operator_key());
  std::string warning = digests_.TakeWarning();
  if (!warning.empty()) warnings_.push_back(std::move(warning));
}

absl::Status Sync::AskCatalog() {
  report_.ShowStep("asks the source for its tables");
  pool_ = std::make_unique<Pool>(
      world_.start_worker,
      MakeOpening(request_.configuration, settings_.for_engines, request_.connection.id),
      CopyWorkers(settings_, request_.connection), bell_, board_.metrics(), *world_.clock);
  Assignment assignment;
  assignment.mutable_describe()->set_known_identity(request_.state.source.identity);
  const State& from = staged_.replay == nullptr ? request_.state : staged_.reached;
  // Replayed messages may need the columns to be sent again.
  const bool needs_columns = staged_.replay != nullptr &&
                             std::any_of(from.tables.begin(), from.tables.end(),
                                         [](const auto& it) { return !it.second.widened.empty(); });
  if (MayBeUnchanged(from, selection_digest_) && !needs_columns && !digests_.HasUnconfirmed(from)) {
    assignment.mutable_describe()->set_known_version(from.complete);
  }
  absl::Status last;
  for (int attempt = 0; attempt < limits::kDeathsOfSlice; ++attempt) {
    const absl::Status started = pool_->Start(1);
    if (!started.ok()) return started;
    Member& member = pool_->members().front();
    if (member.process == nullptr) {
      const absl::Status replaced = pool_->Replace(member);
      if (!replaced.ok()) return replaced;
    }
    assignment.set_id(member.next_id++);
    auto answer = Ask(
        *member.process, assignment, [this] { return !MayGoOn().ok(); }, *world_.clock);
    if (answer.ok()) {
      catalog_ = *std::move(answer);
      return absl::OkStatus();
    }
    last = answer.status();
    if (member.process->alive()) return last;
    member.process.reset();
    member.ended = true;
  }
  return last;
}

absl::Status Sync::MakePlan() {
  if (catalog_.unchanged()) {
    plan_.state = request_.state;
    return CheckSource(catalog_, request_.connection.source, plan_.state);
  }
  OpenDigests();
  Selected selected = request_.selection.Resolve(catalog_);
  warnings_.insert(warnings_.end(), catalog_.remarks().begin(), catalog_.remarks().end());
  warnings_.insert(warnings_.end(), selected.warnings.begin(), selected.warnings.end());
  auto plan =
      tributary::MakePlan(catalog_, selected.tables, selection_digest_, request_.connection.source,
                          std::move(request_.state), digests_.are_known() ? &digests_ : nullptr);
  if (!plan.ok()) return plan.status();
  plan_ = *std::move(plan);
  if (!HasLog(plan_) && !catalog_.kept_log().empty()) warnings_.push_back(catalog_.kept_log());
  plan_.state.digest_key = digests_.key();
  return absl::OkStatus();
}

void Sync::BeginEpoch() {
  reads_ = !plan_.copies.empty() || HasLog(plan_);
  if (reads_ || plan_.state.epoch.empty() || staged_.passed_over) epoch_.Renew(plan_.state);
  epoch_.Begin(plan_.state, /*stages=*/reads_);
  if (digests_.keeper() != nullptr) epoch_.outbox()->LeaveAfter(digests_.keeper()->writer());
}

void Sync::EmitPlan() {
  for (const std::string& warning : warnings_) Warn(warning);
  EmitStagingWarnings();
  for (std::string& message : SchemaChangeMessages(plan_.copies)) {
    epoch_.outbox()->Put(ItemKind::kBatch, std::move(message));
  }
  // Schema has just reported the source's own types.
  std::vector<TableToCopy> told;
  std::copy_if(
      plan_.followed.begin(), plan_.followed.end(), std::back_inserter(told),
      [](const TableToCopy& table) { return !table.widened.empty() || table.has_added_columns; });
  for (std::string& message : SchemaChangeMessages(told)) {
    epoch_.outbox()->Put(ItemKind::kBatch, std::move(message));
  }
  world_.log.Info("plan made", {{"epoch", plan_.state.epoch},
                                {"tables", absl::StrCat(plan_.selected_tables)},
                                {"to_copy", absl::StrCat(plan_.copies.size())}});
}

// --- reading -----------------------------------------------------------------

absl::Status Sync::ReadTables() {
  if (!reads_) {
    figures_.tables_live = plan_.state.tables.size();
    if (!catalog_.unchanged()) SetComplete();
    return absl::OkStatus();
  }
  const bool follows = HasLog(plan_);
  Scheduler scheduler(std::move(plan_.copies), std::move(plan_.followed), plan_.state);
  scheduler_ = &scheduler;
  TableAccounts accounts(scheduler, report_);
  accounts_ = &accounts;
  const absl::Status read = RunLanes(scheduler, follows);
  scheduler_ = nullptr;
  accounts_ = nullptr;
  const std::size_t live = scheduler.In(course::Phase::kLive);
  if (read.ok() && live == scheduler.tables() && !follows) SetComplete();
  return read;
}

absl::Status Sync::RunLanes(Scheduler& scheduler, bool follows) {
  absl::Status started = pool_->Start(CopyWorkers(settings_, request_.connection));
  if (started.ok() && follows) started = pool_->StartLogWorker();
  if (!started.ok()) return started;
  Requests requests;
  Gate gate;
  DigestKeeper* const digests = digests_.keeper();
  CopyLane copies(scheduler, requests, world_.log, &gate, digests);
  copies.Resume();
  // Without a position in the log there is nothing that has been confirmed of it.
  const LogPosition confirmed =
      plan_.state.log_position == LogPosition() ? LogPosition() : confirmed_log_;
  LogLane log(scheduler, plan_.state, confirmed, gate, copies, requests, world_.log);
  std::optional<CompareLane> compares;
  if (digests != nullptr) {
    compares.emplace(
        scheduler, *digests, copies, requests,
        [this](const TableName& table) { return digests_.Returned(table); }, figures_, world_.log);
  }
  // Comparing in an open transaction comes before all other work.
  std::vector<Lane*> lanes;
  if (compares.has_value()) lanes.push_back(&*compares);
  lanes.push_back(&copies);
  if (follows) lanes.push_back(&log);
  log_ = &log;
  Merger merger(std::move(lanes), requests, *pool_, *epoch_.outbox(), *this, figures_, world_.log);
  const absl::Status read = merger.Run();
  Count();
  log_ = nullptr;
  world_.log.Info("reading ends", {{"epoch", plan_.state.epoch},
                                   {"rows", absl::StrCat(figures_.records)},
                                   {"rows_compared", absl::StrCat(figures_.rows_read)},
                                   {"live", absl::StrCat(scheduler.In(course::Phase::kLive))},
                                   {"workers_ended", absl::StrCat(merger.deaths())}});
  return read;
}

void Sync::SetComplete() { plan_.state.complete = CompleteVersion(plan_, catalog_.version()); }

absl::Status Sync::Checkpoint() {
  // Nothing has been merged since the last one, so no cursor has moved.
  if (catalog_.unchanged() && checkpoints_.IsLast(*epoch_.outbox())) return absl::OkStatus();
  if (absl::Status settled = digests_.Settle(plan_.state); !settled.ok()) return settled;
  // If nothing is read, no epoch begins, and the state keeps its position.
  return checkpoints_.Put(plan_.state, *epoch_.outbox(), /*numbered=*/reads_, Now());
}

absl::Status Sync::Pump() {
  EmitStagingWarnings();
  CountIfDue();
  return epoch_.outbox()->Pump(Now());
}

void Sync::EmitStagingWarnings() {
  for (const std::string& warning : epoch_.TakeWarnings()) {
    Warn(warning);
    board_.metrics().StagingBypassed();
  }
}

void Sync::Warn(const std::string& text) {
  LogShown(world_.log, "warning", text);
  epoch_.outbox()->Put(ItemKind::kBatch, WarningMessage(text));
  ++figures_.warnings;
  report_.Notify(Notice::Kind::kWarning, "", text);
}

void Sync::Count() {
  counted_at_ = Now();
  const Outbox* const outbox = epoch_.outbox();
  if (outbox != nullptr) ReadDelivery(*outbox, epoch_.stager(), figures_);
  ReadWriter(*writer_, figures_);
  figures_.checkpoints =
      replayed_checkpoints_ + (outbox == nullptr ? 0 : outbox->checkpoints_sent());
  if (scheduler_ != nullptr) CountTables(*scheduler_, plan_.selected_tables, figures_);
  figures_.ring_bytes = pool_ == nullptr ? 0 : RingBytes(*pool_);
  CountWorkers();
  CountLog();
  if (accounts_ != nullptr) accounts_->Publish(figures_);
  report_.Show(figures_);
}

void Sync::CountIfDue() {
  if (Now() - counted_at_ >= limits::kMetricsEvery) Count();
}

// --- the end -----------------------------------------------------------------

absl::Status Sync::Conclude(const absl::Status& outcome) {
  // Workers first: nothing more is read.
  pool_.reset();
  if (ClientGone()) return absl::CancelledError("the client is gone");
  // The question for the catalog is given up when the client leaves, or when draining.
  if (absl::IsCancelled(outcome)) return ShuttingDown();
  if (absl::IsFailedPrecondition(outcome)) {
    if (epoch_.outbox() == nullptr) epoch_.BeginUnstaged();
    SendTask(std::string(outcome.message()));
  }
  const absl::Status flushed =
      epoch_.outbox() == nullptr ? absl::OkStatus() : FlushOut(outcome.ok());
  if (!flushed.ok()) return flushed;
  return absl::IsFailedPrecondition(outcome) ? absl::OkStatus() : outcome;
}

void Sync::LogEnd(SyncEnd end, const absl::Status& error) {
  const bool as_usual =
      end == SyncEnd::kOk || end == SyncEnd::kCancelled || end == SyncEnd::kDrained;
  const Logger log =
      error.ok() ? world_.log
                 : world_.log.With(log_key::kError, WithoutQuoted(std::string(error.message())));
  log.Write(as_usual ? LogLevel::kInfo : LogLevel::kWarning, "sync ends",
            {{"outcome", NameOf(end)},
             {"seconds", absl::StrCat(std::chrono::duration<double>(Now() - started_).count())},
             {"rows", absl::StrCat(figures_.records)}});
}

absl::Status Sync::FlushOut(bool ends_well) {
  report_.ShowStep("waits for the client to take the rest");
  std::optional<Clock::time_point> draining_since;
  for (;;) {
    if (ClientGone()) return absl::CancelledError("the client is gone");
    const absl::Status pumped = Pump();
    if (!pumped.ok()) return absl::UnavailableError(pumped.message());
    if (ends_well && !checkpoints_.IsLast(*epoch_.outbox())) {
      if (absl::Status last = Checkpoint(); !last.ok()) return last;
    }
    if (epoch_.outbox()->empty() && !writer_->WantProgress(1)) return absl::OkStatus();
    if (Draining() && !draining_since.has_value()) draining_since = Now();
    if (draining_since.has_value() && Now() - *draining_since > limits::kDrainGrace) {
      return ShuttingDown();
    }
    const Clock::time_point waits = Now();
    bell_.Wait(kLook);
    figures_.waited(WaitStage::kClient) += Now() - waits;
  }
}

}  // namespace tributary
