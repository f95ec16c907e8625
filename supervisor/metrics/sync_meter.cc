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
constexpr char kState[] = "state";

void Advance(prometheus::Counter& counter, std::uint64_t from, std::uint64_t to) {
  if (to > from) counter.Increment(static_cast<double>(to - from));
}

double Seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

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
      ring_bytes_(metrics.sync_ring_bytes_->Add({{kConnection, connection}})),
      slices_done_(metrics.sync_slices_->Add({{kConnection, connection}, {kState, "done"}})),
      slices_to_do_(metrics.sync_slices_->Add({{kConnection, connection}, {kState, "to_do"}})),
      worker_memory_(metrics.sync_worker_memory_->Add({{kConnection, connection}})),
      connection_(connection) {
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
  for (prometheus::Gauge* slices : {&slices_done_, &slices_to_do_}) {
    metrics_.sync_slices_->Remove(slices);
  }
  metrics_.workers_memory_->Decrement(static_cast<double>(shown_.worker_memory_bytes));
  metrics_.sync_worker_memory_->Remove(&worker_memory_);
  if (log_[0] != nullptr) {
    metrics_.sync_log_lag_bytes_->Remove(log_[0]);
    metrics_.sync_log_lag_seconds_->Remove(log_[1]);
    metrics_.sync_retained_log_->Remove(log_[2]);
    metrics_.sync_retained_log_limit_->Remove(log_[3]);
  }
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
  Advance(*metrics_.compared_[0], shown_.rows_read, figures.rows_read);
  Advance(*metrics_.compared_[1], shown_.rows_sent, figures.rows_sent);
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
  Set(slices_done_, figures.slices_done);
  Set(slices_to_do_, figures.slices_to_do);
  Set(worker_memory_, figures.worker_memory_bytes);
  metrics_.workers_memory_->Increment(static_cast<double>(figures.worker_memory_bytes) -
                                      static_cast<double>(shown_.worker_memory_bytes));
  if (figures.log.has_value()) ShowLog(*figures.log);
  for (std::size_t i = 0; i < kWaitStages; ++i) {
    metrics_.waits_[i]->Increment(Seconds(figures.waits[i] - shown_.waits[i]));
  }
  for (std::size_t i = 0; i < kRetries; ++i) {
    Advance(*metrics_.retries_[i], shown_.retries[i], figures.retries[i]);
  }
  const Clock::time_point now = clock_.Now();
  metrics_.sync_running_seconds_->Increment(Seconds(now - shown_at_));
  shown_at_ = now;
  shown_ = figures;
}

void SyncMeter::ShowLog(const LogFigures& log) {
  if (log_[0] == nullptr) {
    log_ = {&metrics_.sync_log_lag_bytes_->Add({{kConnection, connection_}}),
            &metrics_.sync_log_lag_seconds_->Add({{kConnection, connection_}}),
            &metrics_.sync_retained_log_->Add({{kConnection, connection_}}),
            &metrics_.sync_retained_log_limit_->Add({{kConnection, connection_}})};
  }
  Set(*log_[0], log.lag_bytes);
  log_[1]->Set(log.lag_seconds);
  Set(*log_[2], log.retained_bytes);
  Set(*log_[3], log.retained_limit_bytes);
}

void SyncMeter::End(SyncEnd end) {
  const std::chrono::duration<double> took = clock_.Now() - started_;
  if (end != SyncEnd::kRefused) metrics_.sync_seconds_->Observe(took.count());
  metrics_.SyncEnded(end);
}

}  // namespace tributary
