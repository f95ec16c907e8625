#include "supervisor/metrics/table_meter.h"

#include <prometheus/family.h>
#include <prometheus/gauge.h>

#include <utility>

namespace tributary {

TableMeter::~TableMeter() {
  for (const auto& [name, gauges] : shown_) Remove(gauges);
}

TableMeter::Gauges TableMeter::Add(const std::string& table) {
  const prometheus::Labels labels = {{"connection", connection_}, {"table", table}};
  const auto with_state = [&labels](const char* state) {
    prometheus::Labels all = labels;
    all.emplace("state", state);
    return all;
  };
  return {&metrics_.sync_table_rows_->Add(labels), &metrics_.sync_table_bytes_->Add(labels),
          &metrics_.sync_table_slices_->Add(with_state("done")),
          &metrics_.sync_table_slices_->Add(with_state("to_do"))};
}

void TableMeter::Remove(const Gauges& gauges) {
  metrics_.sync_table_rows_->Remove(gauges[0]);
  metrics_.sync_table_bytes_->Remove(gauges[1]);
  metrics_.sync_table_slices_->Remove(gauges[2]);
  metrics_.sync_table_slices_->Remove(gauges[3]);
}

void TableMeter::Show(const std::vector<Table>& tables) {
  std::map<std::string, Gauges> before = std::exchange(shown_, {});
  for (const Table& table : tables) {
    const auto known = before.find(table.name);
    const Gauges gauges = known == before.end() ? Add(table.name) : known->second;
    if (known != before.end()) before.erase(known);
    gauges[0]->Set(static_cast<double>(table.rows));
    gauges[1]->Set(static_cast<double>(table.bytes));
    gauges[2]->Set(static_cast<double>(table.slices_done));
    gauges[3]->Set(static_cast<double>(table.slices_to_do));
    shown_.emplace(table.name, gauges);
  }
  for (const auto& [name, gauges] : before) Remove(gauges);
}

}  // namespace tributary
