// A database of a real server, the real connector, and a warehouse: what tests of whole syncs
// share.
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
  // Drops the slots and publications that the connector has made.
  ~SyncScene() override;

  void Configure(const Configuration& configuration);
  tests::SyncRunOptions SyncOptions(std::vector<std::string> flags = {}) const;
  tests::SyncOutcome Sync(std::vector<std::string> flags = {}, bool skip_setup = true);
  // The sync ends with OK and without a breach of the contract.
  tests::SyncOutcome GoodSync(std::vector<std::string> flags = {});
  // The table's rows in the destination are the source's; one line tells the first that is not.
  void ExpectEqual(const std::string& table, const std::vector<std::string>& columns);

  // From here on the server waits, before it makes a commit visible, for a standby that there is
  // not. In this database only in sessions that set synchronous_commit to on.
  void LoseStandby();
  // Those that wait go on.
  void RegainStandby();
  // The session's commit is in the log, and waits.
  static bool WaitsForStandby(const tests::PostgresSession& session);

  tests::TempDir dir_;
  NewDatabase database_;
  tests::Connector connector_{{}};

 private:
  bool standby_lost_ = false;
};

}  // namespace tributary::postgresql_test

#endif  // TRIBUTARY_TESTS_POSTGRESQL_SYNC_SCENE_H_
