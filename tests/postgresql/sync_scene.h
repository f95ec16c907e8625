// Shared by tests of whole syncs: a database of a real server, the real connector, and a warehouse.
#ifndef TRIBUTARY_TESTS_POSTGRESQL_SYNC_SCENE_H_
#define TRIBUTARY_TESTS_POSTGRESQL_SYNC_SCENE_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/process/connector.h"
#include "tests/process/sync_run.h"
#include "tests/process/temp_dir.h"
#include "tests/worker/sources/postgresql/reading.h"

namespace tributary::postgresql_test {

class SyncScene : public testing::Test {
 protected:
  SyncScene();
  // Drops the slots that the connector made in this database.
  ~SyncScene() override;

  void Configure(const Configuration& configuration);
  tests::SyncRunOptions SyncOptions(std::vector<std::string> flags = {}) const;
  tests::SyncOutcome Sync(std::vector<std::string> flags = {}, bool skip_setup = true);
  // Runs a sync that must end with OK and without a breach of the contract.
  tests::SyncOutcome GoodSync(std::vector<std::string> flags = {});
  // Makes a table `orders` with the columns id, note and big, whose values are stored out of line,
  // and syncs it.
  void BeginOrders();
  // The destination must have exactly the source's rows of this table; a failure shows one row that
  // is missing and one that is extra.
  void ExpectEqual(const std::string& table, const std::vector<std::string>& columns);

  // From now on, the server delays the visibility of each commit until a standby confirms it, and
  // there is no such standby. In this database, only sessions that set synchronous_commit to on are
  // affected.
  void LoseStandby();
  // Waiting commits continue.
  void RegainStandby();
  // Waits until the session's commit is in the log and waits for the standby.
  static bool WaitsForStandby(const tests::PostgresSession& session);

  tests::TempDir dir_;
  NewDatabase database_;
  tests::Connector connector_{{}};

 private:
  bool standby_lost_ = false;
};

}  // namespace tributary::postgresql_test

#endif  // TRIBUTARY_TESTS_POSTGRESQL_SYNC_SCENE_H_
