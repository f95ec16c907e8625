#include "supervisor/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace tributary {
namespace {

// In the order of the enumerations.
constexpr std::array<const char*, kWorkerEnds> kWorkerEndNames = {"finished", "killed", "exited",
                                                                  "silent", "broken"};
constexpr std::array<const char*, kSyncEnds> kSyncEndNames = {"ok",      "task",   "cancelled",
                                                              "drained", "failed", "refused"};

constexpr std::array<const char*, kWaitStages> kWaitNames = {"source", "ring", "gate", "staging",
                                                             "client"};
constexpr std::array<const char*, kRetries> kRetryNames = {"worker_ended", "source",    "gate",
                                                           "moved",        "rewritten", "widened"};
constexpr std::array<const char*, kRpcs> kRpcNames = {"ConfigurationForm", "Test", "Schema",
                                                      "Update"};

prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Counter* Counter(prometheus::Registry& registry, const char* name, const char* help) {
  return &Counters(registry, name, help).Add({});
}

prometheus::Family<prometheus::Gauge>& Gauges(prometheus::Registry& registry, const char* name,
                                              const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

// From a sync that finds no change to one that copies for days.
prometheus::Histogram::BucketBoundaries SyncSeconds() {
  return {0.1, 1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600, 72 * 3600};
}

// From a form to the catalog of a server that is slow to connect.
prometheus::Histogram::BucketBoundaries RpcSeconds() {
  return {0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300};
}

}  // namespace

const char* NameOf(WaitStage stage) { return kWaitNames[static_cast<std::size_t>(stage)]; }

const char* NameOf(SyncEnd end) { return kSyncEndNames[static_cast<std::size_t>(end)]; }

Metrics::Metrics() : registry_(std::make_unique<prometheus::Registry>()) {
  MakeSyncCounters();
  MakeStreamCounters();
  MakeProcessSeries();
  MakeFamiliesOfSyncs();
}

void Metrics::MakeSyncCounters() {
  prometheus::Registry& all = *registry_;
  auto& sync_ends =
      Counters(all, "tributary_syncs_ended_total", "Syncs that have ended, by outcome.");
  for (std::size_t i = 0; i < kSyncEnds; ++i) {
    sync_ends_[i] = &sync_ends.Add({{"outcome", kSyncEndNames[i]}});
  }
  syncs_ = &Gauges(all, "tributary_syncs_running", "Syncs that run now.").Add({});
  sync_seconds_ = &prometheus::BuildHistogram()
                       .Name("tributary_sync_duration_seconds")
                       .Help("Durations of the syncs that have ended.")
                       .Register(all)
                       .Add({}, SyncSeconds());
  sync_running_seconds_ = Counter(all, "tributary_sync_seconds_total",
                                  "Seconds that syncs have run, those that run now included.");
  auto& waits = Counters(all, "tributary_wait_seconds_total",
                         "Of those, seconds in which a sync waited, by what it waited for.");
  for (std::size_t i = 0; i < kWaitStages; ++i) waits_[i] = &waits.Add({{"stage", kWaitNames[i]}});
  auto& retries =
      Counters(all, "tributary_retries_total", "Slices and tables that are read again, by reason.");
  for (std::size_t i = 0; i < kRetries; ++i) {
    retries_[i] = &retries.Add({{"reason", kRetryNames[i]}});
  }
  put_aside_ = Counter(all, "tributary_tables_put_aside_total",
                       "Tables that syncs have put aside until the next one.");
  warnings_ = Counter(all, "tributary_warnings_total", "Warnings put on the streams.");
  tasks_ = Counter(all, "tributary_tasks_total", "Tasks put on the streams.");
  auto& compared = Counters(all, "tributary_compare_rows_total",
                            "Rows that comparisons have read, and those that they have sent.");
  compared_ = {&compared.Add({{"what", "read"}}), &compared.Add({{"what", "sent"}})};
}

void Metrics::MakeStreamCounters() {
  prometheus::Registry& all = *registry_;
  records_ = Counter(all, "tributary_records_merged_total",
                     "Records that were read from the source and merged into a stream.");
  auto& messages = Counters(all, "tributary_stream_messages_total",
                            "Messages of the streams that a stage has finished.");
  auto& bytes = Counters(all, "tributary_stream_bytes_total",
                         "Bytes of the streams that a stage has finished.");
  const auto stage = [&messages, &bytes](const char* name) {
    return Stage{&messages.Add({{"stage", name}}), &bytes.Add({{"stage", name}})};
  };
  merged_ = stage("merged");
  staged_ = stage("staged");
  sent_ = stage("sent");
  checkpoints_ = Counter(all, "tributary_checkpoints_sent_total", "Checkpoints sent.");
  replayed_ = Counter(all, "tributary_messages_replayed_total",
                      "Messages sent again from staging, after a state that came back.");
  read_back_ = Counter(all, "tributary_messages_read_back_total",
                       "Messages read back from staging for a client that is slow.");
  client_stalls_ = Counter(all, "tributary_client_stalls_total",
                           "Times that a client stopped reading and was then served from staging.");
  staging_bypassed_ = Counter(all, "tributary_staging_bypassed_total",
                              "Times that a sync went on without staging.");
}

void Metrics::MakeProcessSeries() {
  prometheus::Registry& all = *registry_;
  auto& worker_ends =
      Counters(all, "tributary_worker_ends_total", "Workers that have ended, by reason.");
  for (std::size_t i = 0; i < kWorkerEnds; ++i) {
    worker_ends_[i] = &worker_ends.Add({{"reason", kWorkerEndNames[i]}});
  }
  workers_ = &Gauges(all, "tributary_workers_running", "Workers that run now.").Add({});
  workers_memory_ = &Gauges(all, "tributary_workers_memory_bytes",
                            "Memory of the workers of syncs, with their rings.")
                         .Add({});
  auto& rpcs = prometheus::BuildHistogram()
                   .Name("tributary_rpc_duration_seconds")
                   .Help("How long calls took; an Update until its first message had left.")
                   .Register(all);
  for (std::size_t i = 0; i < kRpcs; ++i) {
    rpcs_[i] = &rpcs.Add({{"rpc", kRpcNames[i]}}, RpcSeconds());
  }
  build_info_ = &Gauges(all, "tributary_build_info", "1; what the program is, in the labels.");
  staging_limit_ =
      &Gauges(all, "tributary_staging_limit_bytes", "Bytes on disk that a connection may have.")
           .Add({});
  certificate_not_after_ = &Gauges(all, "tributary_tls_certificate_not_after_timestamp_seconds",
                                   "Unix time when the served certificate expires; 0: no TLS.")
                                .Add({});
  auto& reloads = Counters(all, "tributary_tls_reloads_total",
                           "Changes of the TLS files that were taken, and that were not.");
  tls_reloads_ = {&reloads.Add({{"outcome", "ok"}}), &reloads.Add({{"outcome", "refused"}})};
}

void Metrics::MakeFamiliesOfSyncs() {
  prometheus::Registry& all = *registry_;
  sync_tables_ =
      &Gauges(all, "tributary_sync_tables", "Selected tables of a sync that runs, by phase.");
  sync_checkpoint_time_ =
      &Gauges(all, "tributary_sync_last_checkpoint_timestamp_seconds",
              "Unix time of the last checkpoint of a sync that runs; before it, of its start.");
  sync_staging_bytes_ = &Gauges(all, "tributary_sync_staging_bytes",
                                "Bytes on disk of the connection of a sync that runs.");
  sync_ring_bytes_ = &Gauges(all, "tributary_sync_ring_bytes",
                             "Bytes in the rings of a sync that runs, read and not yet freed.");
  sync_slices_ = &Gauges(all, "tributary_sync_slices",
                         "Slices of the tables that are copied, as far as they have been cut.");
  sync_log_lag_bytes_ = &Gauges(all, "tributary_sync_log_lag_bytes",
                                "Bytes of the source's log that are not merged yet.");
  sync_log_lag_seconds_ = &Gauges(all, "tributary_sync_log_lag_seconds",
                                  "How old the newest merged part of the log is while there is "
                                  "more.");
  sync_retained_log_ = &Gauges(all, "tributary_sync_retained_log_bytes",
                               "Log that the source holds back for the connection.");
  sync_retained_log_limit_ = &Gauges(all, "tributary_sync_retained_log_limit_bytes",
                                     "Retained log at which the sync ends.");
  sync_worker_memory_ = &Gauges(all, "tributary_sync_worker_memory_bytes",
                                "Memory of the sync's workers, with their rings.");
  sync_table_rows_ = &Gauges(all, "tributary_sync_table_rows",
                             "Rows of a table that a sync that runs has merged.");
  sync_table_bytes_ = &Gauges(all, "tributary_sync_table_bytes",
                              "Bytes of a table that a sync that runs has merged.");
  sync_table_slices_ = &Gauges(all, "tributary_sync_table_slices",
                               "Slices of a table that a sync that runs copies.");
  connection_last_ok_ = &Gauges(all, "tributary_connection_last_ok_timestamp_seconds",
                                "Unix time when a sync of the connection last ended well.");
  connection_last_end_ = &Gauges(all, "tributary_connection_last_end_timestamp_seconds",
                                 "Unix time when a sync of the connection last ended.");
  connection_failures_ = &Gauges(all, "tributary_connection_failures",
                                 "Syncs of the connection in a row that failed or need a user.");
}

Metrics::~Metrics() = default;

void Metrics::WorkerStarted() { workers_->Increment(); }

void Metrics::WorkerEnded(WorkerEnd end) {
  workers_->Decrement();
  worker_ends_[static_cast<std::size_t>(end)]->Increment();
}

void Metrics::SyncEnded(SyncEnd end) { sync_ends_[static_cast<std::size_t>(end)]->Increment(); }

void Metrics::TaskSent() { tasks_->Increment(); }

void Metrics::StagingBypassed() { staging_bypassed_->Increment(); }

void Metrics::RpcTook(Rpc rpc, std::chrono::nanoseconds time) {
  rpcs_[static_cast<std::size_t>(rpc)]->Observe(std::chrono::duration<double>(time).count());
}

void Metrics::Describe(const std::string& version, const std::string& reads_with,
                       std::uint64_t staging_limit_bytes) {
  build_info_->Add({{"version", version}, {"reads_with", reads_with}}).Set(1);
  staging_limit_->Set(static_cast<double>(staging_limit_bytes));
}

void Metrics::CertificateServed(std::chrono::system_clock::time_point not_after) {
  const std::chrono::duration<double> unix_time = not_after.time_since_epoch();
  certificate_not_after_->Set(unix_time.count());
}

void Metrics::TlsReloaded(bool taken) { tls_reloads_[taken ? 0 : 1]->Increment(); }

std::string Metrics::Exposition() const {
  return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace tributary
