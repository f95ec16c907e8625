#include "tests/sync_tester/sync_run.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/sync_tester/catalog.h"
#include "tests/sync_tester/drain_sink.h"
#include "tests/sync_tester/message_sink.h"
#include "tests/sync_tester/setup_calls.h"
#include "tests/sync_tester/state_file.h"
#include "tests/sync_tester/warehouse.h"
#include "tests/sync_tester/warehouse_sink.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

class Run {
 public:
  Run(const SyncOptions& options, ProgressStyle style, std::ostream& out)
      : options_(options), out_(out), progress_(out, style) {}

  Tally Execute() {
    if (ReadInputs() && Connect() && OpenWarehouse() && Setup()) Sync();
    return std::move(tally_);
  }

 private:
  bool ReadInputs();
  bool Connect();
  bool OpenWarehouse();
  bool Setup();
  void Sync();
  void ReadMessages(UpdateStream& stream, MessageSink& sink);
  void Pause();
  bool MustStop();
  bool Usable(const absl::Status& status);
  v2::UpdateRequest Request() const;

  const SyncOptions& options_;
  std::ostream& out_;
  Progress progress_;
  Tally tally_;
  std::map<std::string, std::string> configuration_;
  std::optional<v2::Selection> selection_;
  std::optional<std::string> state_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Warehouse> warehouse_;
  std::optional<Catalog> catalog_;
  absl::Time began_;
  bool paused_ = false;
};

bool Run::Usable(const absl::Status& status) {
  if (!status.ok()) Fail(tally_, Verdict::kUsage, std::string(status.message()));
  return status.ok();
}

bool Run::ReadInputs() {
  absl::StatusOr<std::map<std::string, std::string>> configuration =
      ReadConfiguration(options_.config_file);
  if (!Usable(configuration.status())) return false;
  configuration_ = *std::move(configuration);
  if (!options_.selection_file.empty()) {
    absl::StatusOr<v2::Selection> selection = ReadSelection(options_.selection_file);
    if (!Usable(selection.status())) return false;
    selection_ = *std::move(selection);
  }
  if (!options_.state_file.empty()) {
    absl::StatusOr<std::optional<std::string>> state = ReadState(options_.state_file);
    if (!Usable(state.status())) return false;
    state_ = *std::move(state);
  }
  catalog_.emplace(selection_ ? SelectionRules(*selection_) : SelectionRules());
  return true;
}

bool Run::Connect() {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      OpenChannel(options_.address, options_.tls);
  if (!Usable(channel.status())) return false;
  channel_ = *std::move(channel);
  if (channel_->WaitForConnected(std::chrono::system_clock::now() +
                                 std::chrono::seconds(options_.connect_wait_s))) {
    return true;
  }
  RecordStatus(grpc::Status(grpc::StatusCode::UNAVAILABLE, "no connection"), tally_);
  Fail(tally_, Verdict::kConnectorError,
       absl::StrCat("connect to ", options_.address,
                    ": nothing answers; is the connector running, and do the TLS files fit?"));
  return false;
}

bool Run::OpenWarehouse() {
  if (options_.drain) return true;
  absl::StatusOr<std::unique_ptr<Warehouse>> warehouse = Warehouse::Open(options_.warehouse_file);
  if (!Usable(warehouse.status())) return false;
  warehouse_ = *std::move(warehouse);
  return true;
}

bool Run::Setup() {
  SetupCalls calls(channel_, configuration_, tally_, out_);
  if (options_.skip_setup) {
    if (options_.drain) return true;
    if (!Usable(warehouse_->FillCatalog(*catalog_))) return false;
  } else if (!calls.FormAndTests()) {
    return false;
  }
  // If the warehouse has no tables yet, the schema is needed.
  if (catalog_->tables().empty() && !calls.Schema(*catalog_)) return false;
  tally_.tables_selected = catalog_->SelectedTables();
  return true;
}

v2::UpdateRequest Run::Request() const {
  v2::UpdateRequest request;
  request.mutable_configuration()->insert(configuration_.begin(), configuration_.end());
  if (selection_) *request.mutable_selection() = *selection_;
  if (state_) request.set_state_json(*state_);
  return request;
}

void Run::Sync() {
  std::unique_ptr<MessageSink> sink;
  if (options_.drain) {
    sink = std::make_unique<DrainSink>(options_, tally_);
  } else {
    sink = std::make_unique<WarehouseSink>(options_, *catalog_, MeansNoState(state_), *warehouse_,
                                           tally_);
  }
  began_ = absl::Now();
  std::optional<absl::Time> deadline;
  if (options_.deadline_s > 0) deadline = began_ + absl::Seconds(options_.deadline_s);
  UpdateStream stream(channel_, Request(), deadline);
  ReadMessages(stream, *sink);
  const bool ended_by_us = tally_.stopped_on_purpose || tally_.verdict != Verdict::kFine;
  if (ended_by_us) stream.Cancel();
  const grpc::Status status = stream.Finish();
  RecordStatus(status, tally_);
  if (!ended_by_us && !status.ok()) {
    Fail(tally_, Verdict::kConnectorError, "Update was answered with an error");
  }
  sink->End(!ended_by_us && status.ok());
  if (!tally_.task.empty()) Fail(tally_, Verdict::kConnectorError, "the connector sent a task");
  tally_.elapsed = absl::Now() - began_;
  progress_.Clear();
}

void Run::ReadMessages(UpdateStream& stream, MessageSink& sink) {
  grpc::ByteBuffer message;
  while (true) {
    Pause();
    const UpdateStream::Event event = stream.Read(message, progress_.Interval());
    tally_.elapsed = absl::Now() - began_;
    if (event == UpdateStream::Event::kEnd) return;
    if (event == UpdateStream::Event::kMessage) {
      if (!sink.Take(message)) return;
      if (tally_.records > 0 && !tally_.first_record) tally_.first_record = tally_.elapsed;
      if (MustStop()) return;
    }
    progress_.Tick(tally_);
  }
}

// Plays a slow client: unread messages stay with the connector.
void Run::Pause() {
  if (options_.read_delay_ms > 0) absl::SleepFor(absl::Milliseconds(options_.read_delay_ms));
  if (options_.read_pause_s > 0 && !paused_ && tally_.records > 0) {
    paused_ = true;
    absl::SleepFor(absl::Seconds(options_.read_pause_s));
  }
}

bool Run::MustStop() {
  const auto reached = [](std::uint64_t bound, std::uint64_t count) {
    return bound != 0 && count >= bound;
  };
  tally_.stopped_on_purpose = reached(options_.stop_after_checkpoints, tally_.checkpoints) ||
                              reached(options_.stop_after_records, tally_.records);
  return tally_.stopped_on_purpose;
}

}  // namespace

Tally RunSync(const SyncOptions& options, ProgressStyle style, std::ostream& out) {
  return Run(options, style, out).Execute();
}

}  // namespace tributary::tester
