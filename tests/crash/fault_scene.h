// What the fault tests have in common: a source that is larger than the rings and the client's
// window together, and a client that reads slowly.
#ifndef TRIBUTARY_TESTS_CRASH_FAULT_SCENE_H_
#define TRIBUTARY_TESTS_CRASH_FAULT_SCENE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "tests/crash/scene.h"
#include "tests/process/time_promise.h"

namespace tributary::tests {

// The most memory that the supervisor may use, whatever its client does: rings, two write buffers
// of staging, gRPC's buffers and the program itself. And how much it may grow while it only waits
// for its client.
#if defined(__SANITIZE_THREAD__)
// Its shadow memory is a multiple of the memory that is measured.
inline constexpr std::uint64_t kMostSupervisorBytes = std::numeric_limits<std::uint64_t>::max() / 2;
inline constexpr std::uint64_t kMostGrowthBytes = kMostSupervisorBytes;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr std::uint64_t kMostSupervisorBytes = 280'000'000;
inline constexpr std::uint64_t kMostGrowthBytes = 8'000'000;
#else
inline constexpr std::uint64_t kMostSupervisorBytes = 180'000'000;
inline constexpr std::uint64_t kMostGrowthBytes = 8'000'000;
#endif

class Faults : public ::testing::Test {
 protected:
  // About 40 MB in eight tables.
  static constexpr int kTables = 8;
  static constexpr int kRows = 25'000;
  static constexpr int kRowBytes = 200;

  ~Faults() override;

  // Makes the source and starts the connector.
  void Begin(std::vector<std::string> flags = {});
  void StartConnector();
  Scene& scene() { return *scene_; }
  Connector& connector() { return scene_->connector(); }
  void AddRowsToAllTables();
  // Until the next start there is a file in place of the staging folder, so nothing is staged.
  void ReplaceStagingByAFile();
  // Drops all tables of the source.
  void DropTables();
  // A table `slow` with one slice; reading a row takes a millisecond or more.
  static constexpr std::uint64_t kSlowRows = 2000;
  void AddSlowTable(std::uint64_t rows = kSlowRows);
  // An application with a timeout of five seconds changes the source once: how long this takes.
  // Fails the test if the database stays locked.
  std::chrono::milliseconds Commit(const std::string& sql);
  // The longest time that a commit may wait for readers: a second, and some more on a busy machine.
  static constexpr std::chrono::milliseconds kLongestCommit =
      kSlowness * std::chrono::milliseconds(2500);
  // Makes the rows so wide that the source has about `bytes`.
  void Enlarge(std::uint64_t bytes);

  // A sync whose client has stopped reading; checkpoints have been saved.
  std::unique_ptr<SyncRun> HeldSync(std::size_t live_tables = 1);
  // Runs a sync, which must end with OK and leave nothing out.
  SyncOutcome ExpectGoodSync(std::vector<std::string> flags = {});
  // The same; then the warehouse must equal the source.
  SyncOutcome ExpectGoodSyncAndEqual(std::vector<std::string> flags = {});
  void ExpectEqual();
  void ExpectNoWorkers();
  // `leave` ends a client that is still reading, and returns the moment; the workers must end in
  // time. It is called again if they do not.
  void ExpectWorkersStopWithin(std::chrono::milliseconds promised,
                               const std::function<std::chrono::steady_clock::time_point()>& leave);
  // The supervisor is running, and has logged nothing as SEVERE.
  void ExpectSoundSupervisor();

 private:
  std::unique_ptr<Scene> scene_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_FAULT_SCENE_H_
