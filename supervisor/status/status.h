// What the status board says of one process's syncs, as values. No row value, credential
// or state is in any of them: texts come with what they quote left out.
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
  // Those that the table has been cut into; 0: it has not.
  std::uint64_t slices_done = 0;
  std::uint64_t slices = 0;
  // A guess, for how much of the sync the table is.
  std::uint64_t estimated_bytes = 0;
  // That workers had slices of it.
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

// How far a sync had come at one time.
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
  // Now, as the other figures.
  double seconds = 0;
  // What it is at, for people: "reads tables".
  std::string_view step;
  SyncFigures figures;
  std::optional<WallTime> last_checkpoint;
  // Oldest first, at most limits::kPacePoints.
  std::deque<PacePoint> pace;
  std::vector<WorkerStatus> workers;
  // Of what is to be copied, 0 to 1.
  double progress = 0;
  // How many tables are on the board, and where changes of them begin to be new.
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
  // Empty where there was none.
  std::string error;
};

struct KnownConnection {
  std::string connection;
  std::string source;
  std::string database;
  // Newest first, at most limits::kEndedSyncsOfConnection.
  std::deque<EndedSync> ended;
};

// A Warning or a Task: what the user was shown, with its cure.
struct Notice {
  enum class Kind { kWarning, kTask };
  Kind kind = Kind::kWarning;
  WallTime when;
  std::string connection;
  // Empty where it is about the sync.
  std::string table;
  std::string text;
};

// All but the tables.
struct Overview {
  WallTime now;
  WallTime process_started;
  bool draining = false;
  std::vector<RunningSync> running;
  // The one whose sync has ended last comes first.
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
  // There is such a sync.
  bool found = false;
  std::vector<Table> tables;
  // Where the next ones begin.
  std::uint64_t version = 0;
  // There are more already.
  bool more = false;
  std::size_t total = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STATUS_STATUS_H_
