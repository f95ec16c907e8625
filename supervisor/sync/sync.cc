#include "supervisor/sync/sync.h"

#include <openssl/rand.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/log.h"
#include "supervisor/sync/copy_lane.h"
#include "supervisor/sync/figures.h"
#include "supervisor/sync/log_lane.h"
#include "supervisor/sync/messages.h"
#include "supervisor/sync/staging_key.h"

namespace tributary {
namespace {

constexpr std::size_t kEpochBytes = 8;

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

Sync::Sync(const Settings& settings, Metrics& metrics, SyncRequest request,
           std::shared_ptr<MessageWriter> writer, const std::atomic<bool>& draining, Doorbell bell,
           SyncWorld world)
    : settings_(settings),
      metrics_(metrics),
      request_(std::move(request)),
      writer_(std::move(writer)),
      draining_(draining),
      bell_(std::move(bell)),
      world_(std::move(world)),
      meter_(metrics, request_.connection.id) {
  writer_->OnProgress([this] { bell_.Ring(); });
}

Sync::~Sync() { writer_->OnProgress(nullptr); }

absl::Status Sync::Run() {
  selection_digest_ = request_.selection.Digest();
  absl::Status done = OpenStaging();
  if (done.ok()) done = FindStaged();
  if (done.ok()) done = AskCatalog();
  if (done.ok()) done = ReplayStaged();
  if (done.ok()) done = MakePlan();
  if (done.ok()) done = BeginEpoch();
  if (done.ok()) done = Checkpoint();
  if (done.ok()) {
    TellPlan();
    done = ReadTables();
    // Also after a failure: what was read until then counts.
    const absl::Status last = Checkpoint();
    if (done.ok()) done = last;
  }
  const absl::Status concluded = Conclude(done);
  Count();
  meter_.End(EndOf(done, concluded, Draining()));
  return concluded;
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

absl::Status Sync::OpenStaging() {
  if (!settings_.staging_key_file.empty()) {
    auto key = ReadStagingKeyFile(settings_.staging_key_file);
    if (!key.ok()) return key.status();
    operator_key_ = *std::move(key);
  }
  auto store = StagingStore::Open({.root = settings_.staging_dir,
                                   .connection = request_.connection.id,
                                   .limit_bytes = settings_.staging_limit_bytes,
                                   .env = world_.disk});
  if (store.ok()) {
    store_ = *std::move(store);
    return absl::OkStatus();
  }
  if (absl::IsAborted(store.status()) || absl::IsInvalidArgument(store.status())) {
    return store.status();
  }
  StageWarning(store.status());
  return absl::OkStatus();
}

absl::Status Sync::AskCatalog() {
  pool_ = std::make_unique<Pool>(world_.start_worker,
                                 MakeOpening(request_.configuration, settings_.sqlite_root),
                                 settings_.workers, bell_, metrics_);
  Assignment assignment;
  assignment.mutable_describe();
  const State& from = replay_ == nullptr ? request_.state : reached_;
  // What is replayed may need the columns told again.
  const bool needs_columns =
      replay_ != nullptr && std::any_of(from.tables.begin(), from.tables.end(),
                                        [](const auto& it) { return !it.second.widened.empty(); });
  if (MayBeUnchanged(from, selection_digest_) && !needs_columns) {
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
    auto answer = Ask(*member.process, assignment, [this] { return !MayGoOn().ok(); });
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
  Selected selected = request_.selection.Resolve(catalog_);
  warnings_.insert(warnings_.end(), catalog_.remarks().begin(), catalog_.remarks().end());
  warnings_.insert(warnings_.end(), selected.warnings.begin(), selected.warnings.end());
  auto plan = tributary::MakePlan(catalog_, selected.tables, selection_digest_,
                                  request_.connection.source, std::move(request_.state));
  if (!plan.ok()) return plan.status();
  plan_ = *std::move(plan);
  return absl::OkStatus();
}

absl::Status Sync::BeginEpoch() {
  const std::string earlier = plan_.state.epoch;
  reads_ = !plan_.copies.empty() || HasLog(plan_);
  if (reads_ || earlier.empty() || passes_over_staged_) {
    plan_.state.epoch = absl::BytesToHexString(world_.random_bytes(kEpochBytes));
    plan_.state.staging_key = operator_key_.empty() ? world_.random_bytes(kStagingKeyBytes) : "";
    plan_.state.position = 0;
  }
  if (reads_ && store_ != nullptr) {
    auto epoch = store_->Begin(plan_.state.epoch,
                               operator_key_.empty() ? plan_.state.staging_key : operator_key_);
    if (epoch.ok()) {
      stager_ = std::make_unique<Stager>(*std::move(epoch), [this] { bell_.Ring(); });
      stager_runs_ = world_.run_stager(*stager_);
    } else {
      StageWarning(epoch.status());
    }
  }
  outbox_ = std::make_unique<Outbox>(*writer_, stager_.get(), plan_.state.position,
                                     world_.write_window_bytes);
  return absl::OkStatus();
}

void Sync::TellPlan() {
  for (std::string& warning : warnings_) {
    outbox_->Put(ItemKind::kBatch, WarningMessage(warning));
    ++figures_.warnings;
  }
  for (std::string& message : SchemaChangeMessages(plan_.changed)) {
    outbox_->Put(ItemKind::kBatch, std::move(message));
  }
  Log(LogLevel::kInfo, "sync starts",
      {{"connection", request_.connection.id},
       {"epoch", plan_.state.epoch},
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
  absl::Status started = pool_->Start(settings_.workers);
  if (started.ok() && follows) started = pool_->StartLogWorker();
  if (!started.ok()) return started;
  scheduler_ = &scheduler;
  Requests requests;
  Gate gate;
  CopyLane copies(scheduler, requests, &gate);
  LogLane log(scheduler, plan_.state, gate, copies, requests);
  std::vector<Lane*> lanes{&copies};
  if (follows) lanes.push_back(&log);
  Merger merger(std::move(lanes), requests, *pool_, *outbox_, *this, figures_);
  const absl::Status read = merger.Run();
  Count();
  scheduler_ = nullptr;
  const std::size_t live = scheduler.In(course::Phase::kLive);
  if (read.ok() && live == scheduler.tables() && !follows) SetComplete();
  Log(LogLevel::kInfo, "copies end",
      {{"connection", request_.connection.id},
       {"epoch", plan_.state.epoch},
       {"rows", absl::StrCat(figures_.records)},
       {"live", absl::StrCat(live)},
       {"workers_ended", absl::StrCat(merger.deaths())}});
  return read;
}

// Every selected table is live; where all of them read one version, a source that
// still has it needs no look.
void Sync::SetComplete() { plan_.state.complete = CompleteVersion(plan_, catalog_.version()); }

// --- checkpoints -------------------------------------------------------------

absl::Status Sync::Checkpoint() {
  // Nothing has been merged since the last one, and no cursor has moved without.
  if (last_checkpoint_ != 0 && outbox_->last_position() == last_checkpoint_ &&
      catalog_.unchanged()) {
    return absl::OkStatus();
  }
  // Where nothing is read no numbering begins, and the state keeps its place.
  if (reads_) plan_.state.position = outbox_->last_position() + 1;
  last_checkpoint_at_ = Now();
  put_bytes_at_checkpoint_ = outbox_->put_bytes();
  const std::string state = SerializeState(plan_.state);
  if (state.size() > limits::kMaxStateBytes) {
    return absl::FailedPreconditionError(absl::StrCat(
        "write state: it would have ", state.size(), " bytes, and at most ", limits::kMaxStateBytes,
        " can be read back; select fewer tables for this connection, and make "
        "another connection for the rest"));
  }
  last_checkpoint_ = outbox_->Put(ItemKind::kCheckpoint, CheckpointMessage(state));
  return absl::OkStatus();
}

bool Sync::CheckpointDue() {
  if (outbox_->last_position() == last_checkpoint_) return false;
  // What lies behind the last checkpoint cannot be dropped from staging. Counted
  // where it is put, because much of it may still be on its way to the disk.
  const bool staging_grows =
      stager_ != nullptr && outbox_->put_bytes() - put_bytes_at_checkpoint_ >
                                settings_.staging_limit_bytes / limits::kCheckpointsInStagingLimit;
  return Now() - last_checkpoint_at_ >= settings_.checkpoint_interval || staging_grows;
}

bool Sync::TakesMore() {
  return (stager_ == nullptr || !stager_->full()) &&
         outbox_->waiting_heap_bytes() <= limits::kMaxMessageBytes;
}

absl::Status Sync::Pump() {
  if (stager_ != nullptr && stager_->failed() && !staging_failure_told_) {
    staging_failure_told_ = true;
    StageWarning(stager_->failure());
    outbox_->Put(ItemKind::kBatch, WarningMessage(warnings_.back()));
    ++figures_.warnings;
  }
  CountIfDue();
  return outbox_->Pump(Now());
}

void Sync::StageWarning(const absl::Status& why) {
  warnings_.push_back(absl::StrCat(
      "This sync goes on without staging on the local disk: ", std::string(why.message()),
      ". If it is interrupted, more is read from the source again."));
  Log(LogLevel::kWarning, "staging is bypassed", {{"why", std::string(why.message())}});
  metrics_.StagingBypassed();
}

void Sync::Count() {
  counted_at_ = Now();
  if (outbox_ != nullptr) ReadDelivery(*outbox_, stager_.get(), figures_);
  ReadWriter(*writer_, figures_);
  figures_.checkpoints = replayed_checkpoints_ + (outbox_ ? outbox_->checkpoints_sent() : 0);
  if (scheduler_ != nullptr) tributary::ReadTables(*scheduler_, plan_.selected_tables, figures_);
  figures_.ring_bytes = pool_ == nullptr ? 0 : RingBytes(*pool_);
  meter_.Show(figures_);
}

void Sync::CountIfDue() {
  if (Now() - counted_at_ >= limits::kMetricsEvery) Count();
}

// --- the end -----------------------------------------------------------------

absl::Status Sync::Conclude(const absl::Status& outcome) {
  // Workers first: nothing is read any more.
  pool_.reset();
  if (ClientGone()) return absl::CancelledError("the client is gone");
  // The question for the catalog is given up by the client's leave or by this.
  if (absl::IsCancelled(outcome)) return ShuttingDown();
  if (absl::IsFailedPrecondition(outcome)) {
    if (outbox_ == nullptr) outbox_ = std::make_unique<Outbox>(*writer_, nullptr, 0);
    outbox_->Put(ItemKind::kBatch, TaskMessage(std::string(outcome.message())));
    metrics_.TaskSent();
  }
  const absl::Status flushed = outbox_ == nullptr ? absl::OkStatus() : FlushOut();
  if (!flushed.ok()) return flushed;
  const auto seconds = std::chrono::duration<double>(Now() - started_).count();
  Log(LogLevel::kInfo, "sync ends",
      {{"connection", request_.connection.id},
       {"outcome", absl::IsFailedPrecondition(outcome) ? "task" : std::string(outcome.message())},
       {"seconds", absl::StrCat(seconds)}});
  return absl::IsFailedPrecondition(outcome) ? absl::OkStatus() : outcome;
}

// Until the client has taken everything.
absl::Status Sync::FlushOut() {
  std::optional<Clock::time_point> draining_since;
  for (;;) {
    if (ClientGone()) return absl::CancelledError("the client is gone");
    const absl::Status pumped = Pump();
    if (!pumped.ok()) return absl::UnavailableError(pumped.message());
    if (outbox_->empty() && !writer_->WantProgress(1)) return absl::OkStatus();
    if (Draining() && !draining_since.has_value()) draining_since = Now();
    if (draining_since.has_value() && Now() - *draining_since > limits::kDrainGrace) {
      return ShuttingDown();
    }
    bell_.Wait(kLook);
  }
}

}  // namespace tributary
