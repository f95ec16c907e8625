#include "supervisor/status/status_json.h"

#include <nlohmann/json.hpp>

#include "supervisor/status/estimate.h"

namespace tributary {
namespace {

using nlohmann::json;

double Unix(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

json NumberOrNull(const std::optional<double>& number) {
  return number.has_value() ? json(*number) : json(nullptr);
}

std::string Text(const json& tree) {
  return tree.dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
}

json LogOf(const std::optional<LogFigures>& log) {
  if (!log.has_value()) return nullptr;
  return {{"lag_bytes", log->lag_bytes},
          {"lag_seconds", log->lag_seconds},
          {"retained_bytes", log->retained_bytes},
          {"retained_limit_bytes", log->retained_limit_bytes}};
}

json WorkersOf(const RunningSync& sync) {
  json workers = json::array();
  for (const WorkerStatus& worker : sync.workers) {
    workers.push_back({{"number", worker.number},
                       {"pid", worker.pid},
                       {"doing", worker.doing},
                       {"memory_bytes", worker.memory_bytes},
                       {"ring_bytes", worker.ring_bytes}});
  }
  return workers;
}

json PaceOf(const RunningSync& sync) {
  json points = json::array();
  for (const PacePoint& point : sync.pace) {
    points.push_back({point.seconds, point.records, point.bytes});
  }
  return points;
}

json RunningOf(const RunningSync& sync) {
  const SyncFigures& figures = sync.figures;
  const Pace pace = RecentPace(sync);
  json waits;
  for (std::size_t i = 0; i < kWaitStages; ++i) {
    waits[NameOf(static_cast<WaitStage>(i))] = pace.waits[i];
  }
  return {{"sync", sync.number},
          {"connection", sync.connection},
          {"source", sync.source},
          {"database", sync.database},
          {"started", Unix(sync.started)},
          {"seconds", sync.seconds},
          {"step", sync.step},
          {"rows", figures.records},
          {"bytes_merged", figures.merged.bytes},
          {"bytes_staged", figures.staged.bytes},
          {"bytes_sent", figures.sent.bytes},
          {"rows_per_second", pace.records_per_second},
          {"bytes_per_second", pace.bytes_per_second},
          {"tables",
           {{"pending", figures.tables_pending},
            {"copying", figures.tables_copying},
            {"live", figures.tables_live},
            {"aside", figures.tables_aside}}},
          {"slices", {{"done", figures.slices_done}, {"to_do", figures.slices_to_do}}},
          {"progress", sync.progress},
          {"seconds_left", NumberOrNull(SecondsLeft(sync))},
          {"bottleneck", Bottleneck(pace)},
          {"waits", waits},
          {"last_checkpoint",
           sync.last_checkpoint.has_value() ? json(Unix(*sync.last_checkpoint)) : json(nullptr)},
          {"checkpoints", figures.checkpoints},
          {"replayed", figures.replayed},
          {"warnings", figures.warnings},
          {"staging_bytes", figures.staging_bytes},
          {"ring_bytes", figures.ring_bytes},
          {"worker_memory_bytes", figures.worker_memory_bytes},
          {"log", LogOf(figures.log)},
          {"workers", WorkersOf(sync)},
          {"pace", PaceOf(sync)},
          {"tables_on_board", sync.tables},
          {"tables_version", sync.tables_version}};
}

json ConnectionOf(const KnownConnection& known) {
  json ended = json::array();
  for (const EndedSync& one : known.ended) {
    ended.push_back({{"started", Unix(one.started)},
                     {"ended", Unix(one.ended)},
                     {"outcome", NameOf(one.outcome)},
                     {"rows", one.records},
                     {"bytes_sent", one.bytes},
                     {"error", one.error}});
  }
  return {{"connection", known.connection},
          {"source", known.source},
          {"database", known.database},
          {"ended", std::move(ended)}};
}

}  // namespace

std::string StatusJson(const Overview& seen, const std::string& version) {
  json running = json::array();
  for (const RunningSync& sync : seen.running) running.push_back(RunningOf(sync));
  json connections = json::array();
  for (const KnownConnection& known : seen.connections) {
    connections.push_back(ConnectionOf(known));
  }
  json notices = json::array();
  for (const Notice& notice : seen.notices) {
    notices.push_back({{"when", Unix(notice.when)},
                       {"kind", notice.kind == Notice::Kind::kTask ? "task" : "warning"},
                       {"connection", notice.connection},
                       {"table", notice.table},
                       {"text", notice.text}});
  }
  return Text({{"version", version},
               {"now", Unix(seen.now)},
               {"process_started", Unix(seen.process_started)},
               {"draining", seen.draining},
               {"running", std::move(running)},
               {"connections", std::move(connections)},
               {"notices", std::move(notices)}});
}

std::string TablesJson(const TableChanges& changes) {
  json tables = json::array();
  for (const TableChanges::Table& table : changes.tables) {
    const TableStatus& status = table.status;
    tables.push_back({table.index, status.name, status.phase, status.rows, status.bytes,
                      status.slices_done, status.slices, status.worker_seconds, status.why});
  }
  return Text({{"found", changes.found},
               {"version", changes.version},
               {"more", changes.more},
               {"total", changes.total},
               {"tables", std::move(tables)}});
}

}  // namespace tributary
