// The status board's contents as values. None of them holds a row value, credential or state:
// quoted parts are removed from texts.
#ifndef TRIBUTARY_SUPERVISOR_STATUS_STATUS_H_
#define TRIBUTARY_SUPERVISOR_STATUS_STATUS_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/metrics/metrics.h"
#include "supervisor/metrics/sync_meter.h"

namespace tributary {

using WallTime = std::chrono::system_clock::time_point;

struct TableStatus {
  // schema.table
  std::string name;
  // "pending", "copying", "catching up", "comparing", "live", "aside"; lives as long as the
  // process.
  std::string_view phase;
  // Merged in this sync.
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  // Number of slices that the table was cut into; 0: not cut yet.
  std::uint64_t slices_done = 0;
  std::uint64_t slices = 0;
  // An estimate, for the table's share of the sync.
  std::uint64_t estimated_bytes = 0;
  // Time that workers spent on its slices.
  double worker_seconds = 0;
  // Why it was put aside; empty: it was not.
  std::string why = {};
};

struct WorkerStatus {
  // Counted from 1.
  std::uint32_t number = 0;
  int pid = 0;
  // For people: "reads main.orders", "follows the log", "waits".
  std::string doing;
  std::uint64_t memory_bytes = 0;
  std::uint64_t ring_bytes = 0;
};

// A sync's progress at one time.
struct PacePoint {
  // Since its start.
  double seconds = 0;
  std::uint64_t records = 0;
  // Merged.
  std::uint64_t bytes = 0;
  // Of what is to be copied, 0 to 1.
  double progress = 0;
  // Seconds since its start, by WaitStage.
  std::array<double, kWaitStages> waits{};
};

struct RunningSync {
  // Its number in this process, from 1.
  std::uint64_t number = 0;
  std::string connection;
  std::string source;
  std::string database;
  WallTime started;
  // Now; the time of the other figures.
  double seconds = 0;
  // Its current step, for people: "reads tables".
  std::string_view step;
  SyncFigures figures;
  std::optional<WallTime> last_checkpoint;
  // Oldest first, at most limits::kPacePoints.
  std::deque<PacePoint> pace;
  std::vector<WorkerStatus> workers;
  // Of what is to be copied, 0 to 1.
  double progress = 0;
  // Number of tables on the board, and the version of their last change.
  std::size_t tables = 0;
  std::uint64_t tables_version = 0;
};

struct EndedSync {
  WallTime started;
  WallTime ended;
  SyncEnd outcome = SyncEnd::kOk;
  std::uint64_t records = 0;
  // Sent.
  std::uint64_t bytes = 0;
  // Empty if there was none.
  std::string error;
};

struct KnownConnection {
  std::string connection;
  std::string source;
  std::string database;
  // Newest first, at most limits::kEndedSyncsOfConnection.
  std::deque<EndedSync> ended;
};

// A Warning or a Task: the text that the user was shown, with its cure.
struct Notice {
  enum class Kind { kWarning, kTask };
  Kind kind = Kind::kWarning;
  WallTime when;
  std::string connection;
  // Empty if it is about the whole sync.
  std::string table;
  std::string text;
};

// Everything except the tables.
struct Overview {
  WallTime now;
  WallTime process_started;
  bool draining = false;
  std::vector<RunningSync> running;
  // The one whose sync ended last comes first.
  std::vector<KnownConnection> connections;
  // Newest first.
  std::vector<Notice> notices;
};

// Tables of one sync that have changed after a version, in the order of their changes.
struct TableChanges {
  struct Table {
    std::size_t index;
    TableStatus status;
  };
  // Whether the sync exists.
  bool found = false;
  std::vector<Table> tables;
  // Ask with this version for the next ones.
  std::uint64_t version = 0;
  // Whether there are more changes now.
  bool more = false;
  std::size_t total = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STATUS_STATUS_H_
