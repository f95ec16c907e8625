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

// From a sync that finds nothing changed to one that copies for days.
prometheus::Histogram::BucketBoundaries SyncSeconds() {
  return {0.1, 1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600, 72 * 3600};
}

}  // namespace

const char* NameOf(SyncEnd end) { return kSyncEndNames[static_cast<std::size_t>(end)]; }

Metrics::Metrics() : registry_(std::make_unique<prometheus::Registry>()) {
  prometheus::Registry& all = *registry_;
  auto& sync_ends =
      Counters(all, "tributary_syncs_ended_total", "Syncs that have ended, by outcome.");
  for (std::size_t i = 0; i < kSyncEnds; ++i) {
    sync_ends_[i] = &sync_ends.Add({{"outcome", kSyncEndNames[i]}});
  }
  syncs_ = &Gauges(all, "tributary_syncs_running", "Syncs that run now.").Add({});
  sync_seconds_ = &prometheus::BuildHistogram()
                       .Name("tributary_sync_duration_seconds")
                       .Help("How long the syncs took that have ended.")
                       .Register(all)
                       .Add({}, SyncSeconds());

  records_ = Counter(all, "tributary_records_merged_total",
                     "Records that were read from the source and merged into a stream.");
  auto& messages = Counters(all, "tributary_stream_messages_total",
                            "Messages of the streams that a stage has done with.");
  auto& bytes = Counters(all, "tributary_stream_bytes_total",
                         "Bytes of the streams that a stage has done with.");
  const auto stage = [&messages, &bytes](const char* name) {
    return Stage{&messages.Add({{"stage", name}}), &bytes.Add({{"stage", name}})};
  };
  merged_ = stage("merged");
  staged_ = stage("staged");
  sent_ = stage("sent");
  checkpoints_ = Counter(all, "tributary_checkpoints_sent_total", "Checkpoints sent.");
  put_aside_ = Counter(all, "tributary_tables_put_aside_total",
                       "Tables that syncs have put aside until the next one.");
  warnings_ = Counter(all, "tributary_warnings_total", "Warnings put on the streams.");
  tasks_ = Counter(all, "tributary_tasks_total", "Tasks put on the streams.");

  replayed_ = Counter(all, "tributary_messages_replayed_total",
                      "Messages sent again from staging, behind a state that came back.");
  read_back_ = Counter(all, "tributary_messages_read_back_total",
                       "Messages read back from staging for a client that is slow.");
  client_stalls_ = Counter(all, "tributary_client_stalls_total",
                           "Times that a client stood still and was served from staging then.");
  staging_bypassed_ = Counter(all, "tributary_staging_bypassed_total",
                              "Times that a sync went on without staging.");

  auto& worker_ends =
      Counters(all, "tributary_worker_ends_total", "Workers that have ended, by reason.");
  for (std::size_t i = 0; i < kWorkerEnds; ++i) {
    worker_ends_[i] = &worker_ends.Add({{"reason", kWorkerEndNames[i]}});
  }
  workers_ = &Gauges(all, "tributary_workers_running", "Workers that run now.").Add({});

  sync_tables_ =
      &Gauges(all, "tributary_sync_tables", "Selected tables of a sync that runs, by phase.");
  sync_checkpoint_time_ =
      &Gauges(all, "tributary_sync_last_checkpoint_timestamp_seconds",
              "Unix time of the last checkpoint of a sync that runs; before it, of its start.");
  sync_staging_bytes_ = &Gauges(all, "tributary_sync_staging_bytes",
                                "Bytes on disk of the connection of a sync that runs.");
  sync_ring_bytes_ = &Gauges(all, "tributary_sync_ring_bytes",
                             "Bytes in the rings of a sync that runs, read and not yet freed.");
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

std::string Metrics::Exposition() const {
  return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace tributary
