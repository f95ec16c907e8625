#include "supervisor/metrics/sync_meter.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <chrono>

namespace tributary {
namespace {

constexpr char kConnection[] = "connection";
constexpr char kPhase[] = "phase";

void Advance(prometheus::Counter& counter, std::uint64_t from, std::uint64_t to) {
  if (to > from) counter.Increment(static_cast<double>(to - from));
}

void SetToNow(prometheus::Gauge& gauge, const Clock& clock) {
  const std::chrono::duration<double> unix_time = clock.WallNow().time_since_epoch();
  gauge.Set(unix_time.count());
}

void Set(prometheus::Gauge& gauge, std::uint64_t value) { gauge.Set(static_cast<double>(value)); }

}  // namespace

SyncMeter::SyncMeter(Metrics& metrics, const std::string& connection, const Clock& clock)
    : metrics_(metrics),
      clock_(clock),
      pending_(metrics.sync_tables_->Add({{kConnection, connection}, {kPhase, "pending"}})),
      copying_(metrics.sync_tables_->Add({{kConnection, connection}, {kPhase, "copying"}})),
      live_(metrics.sync_tables_->Add({{kConnection, connection}, {kPhase, "live"}})),
      aside_(metrics.sync_tables_->Add({{kConnection, connection}, {kPhase, "aside"}})),
      checkpoint_time_(metrics.sync_checkpoint_time_->Add({{kConnection, connection}})),
      staging_bytes_(metrics.sync_staging_bytes_->Add({{kConnection, connection}})),
      ring_bytes_(metrics.sync_ring_bytes_->Add({{kConnection, connection}})) {
  metrics_.syncs_->Increment();
  SetToNow(checkpoint_time_, clock_);
}

SyncMeter::~SyncMeter() {
  for (prometheus::Gauge* tables : {&pending_, &copying_, &live_, &aside_}) {
    metrics_.sync_tables_->Remove(tables);
  }
  metrics_.sync_checkpoint_time_->Remove(&checkpoint_time_);
  metrics_.sync_staging_bytes_->Remove(&staging_bytes_);
  metrics_.sync_ring_bytes_->Remove(&ring_bytes_);
  metrics_.syncs_->Decrement();
}

void SyncMeter::Show(const SyncFigures& figures) {
  const auto stage = [](const Metrics::Stage& of, const SyncFigures::Stage& from,
                        const SyncFigures::Stage& to) {
    Advance(*of.messages, from.messages, to.messages);
    Advance(*of.bytes, from.bytes, to.bytes);
  };
  Advance(*metrics_.records_, shown_.records, figures.records);
  stage(metrics_.merged_, shown_.merged, figures.merged);
  stage(metrics_.staged_, shown_.staged, figures.staged);
  stage(metrics_.sent_, shown_.sent, figures.sent);
  Advance(*metrics_.checkpoints_, shown_.checkpoints, figures.checkpoints);
  Advance(*metrics_.replayed_, shown_.replayed, figures.replayed);
  Advance(*metrics_.read_back_, shown_.read_back, figures.read_back);
  Advance(*metrics_.client_stalls_, shown_.client_stalls, figures.client_stalls);
  Advance(*metrics_.put_aside_, shown_.tables_aside, figures.tables_aside);
  Advance(*metrics_.warnings_, shown_.warnings, figures.warnings);
  if (figures.checkpoints > shown_.checkpoints) SetToNow(checkpoint_time_, clock_);
  Set(pending_, figures.tables_pending);
  Set(copying_, figures.tables_copying);
  Set(live_, figures.tables_live);
  Set(aside_, figures.tables_aside);
  Set(staging_bytes_, figures.staging_bytes);
  Set(ring_bytes_, figures.ring_bytes);
  shown_ = figures;
}

void SyncMeter::End(SyncEnd end) {
  const std::chrono::duration<double> took = clock_.Now() - started_;
  if (end != SyncEnd::kRefused) metrics_.sync_seconds_->Observe(took.count());
  metrics_.SyncEnded(end);
}

}  // namespace tributary
