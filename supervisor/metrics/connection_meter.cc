#include "supervisor/metrics/connection_meter.h"

#include <prometheus/family.h>
#include <prometheus/gauge.h>

namespace tributary {
namespace {

constexpr char kConnection[] = "connection";

}  // namespace

ConnectionMeter::ConnectionMeter(Metrics& metrics, const std::string& connection)
    : metrics_(metrics),
      connection_(connection),
      last_end_(metrics.connection_last_end_->Add({{kConnection, connection}})),
      failures_(metrics.connection_failures_->Add({{kConnection, connection}})) {}

ConnectionMeter::~ConnectionMeter() {
  if (last_ok_ != nullptr) metrics_.connection_last_ok_->Remove(last_ok_);
  metrics_.connection_last_end_->Remove(&last_end_);
  metrics_.connection_failures_->Remove(&failures_);
}

void ConnectionMeter::Ended(SyncEnd end, std::chrono::system_clock::time_point when) {
  const std::chrono::duration<double> unix_time = when.time_since_epoch();
  last_end_.Set(unix_time.count());
  if (end == SyncEnd::kFailed || end == SyncEnd::kTask) failures_.Increment();
  if (end != SyncEnd::kOk) return;
  failures_.Set(0);
  if (last_ok_ == nullptr) {
    last_ok_ = &metrics_.connection_last_ok_->Add({{kConnection, connection_}});
  }
  last_ok_->Set(unix_time.count());
}

}  // namespace tributary
