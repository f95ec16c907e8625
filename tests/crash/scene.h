// The files of one source and one destination, and a connector between them.
#ifndef TRIBUTARY_TESTS_CRASH_SCENE_H_
#define TRIBUTARY_TESTS_CRASH_SCENE_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/process/connector.h"
#include "tests/process/database.h"
#include "tests/process/sync_run.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {

class Scene {
 public:
  // Two workers, and a checkpoint every tenth of a second; `flags` follow and override these.
  explicit Scene(std::vector<std::string> flags = {});

  // The tester's options for the next sync, with the same state and warehouse.
  SyncRunOptions Sync(std::vector<std::string> flags = {}) const;
  // Runs a sync.
  SyncOutcome RunSync(std::vector<std::string> flags = {}) const {
    return tests::RunSync(Sync(std::move(flags)));
  }
  absl::Status Compare() const { return CompareWarehouse(warehouse(), source()); }

  const TempDir& dir() const { return dir_; }
  std::string source() const { return dir_ / "source.db"; }
  std::string config() const { return dir_ / "config.json"; }
  std::string state() const { return dir_ / "state.json"; }
  std::string warehouse() const { return dir_ / "warehouse.db"; }
  std::string staging() const { return dir_ / "staging"; }
  Connector& connector() { return connector_; }
  const Connector& connector() const { return connector_; }

  // How many messages were replayed from staging, according to the log from line `from` on. 0:
  // none.
  std::uint64_t Replayed(std::size_t from = 0) const;

  // The tables that the saved state calls live.
  std::set<std::string> LiveTables() const;
  // A sync whose client reads slowly; returns when a saved state calls `live_tables` tables live.
  // The rest of the stream takes some seconds.
  std::unique_ptr<SyncRun> SyncInItsMidst(std::size_t live_tables,
                                          std::vector<std::string> flags = {}) const;
  // The same with other options for the client.
  std::unique_ptr<SyncRun> InItsMidst(SyncRunOptions options, std::size_t live_tables) const;

 private:
  TempDir dir_;
  Connector connector_;
};

// Tables t1, t2, … of `rows` rows each, about `row_bytes` wide, by rowid.
void AddPlainTables(Database& database, int tables, int rows, int row_bytes);

// Whether one of the texts contains `part`.
bool AnyHolds(const std::vector<std::string>& texts, const std::string& part);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_SCENE_H_
