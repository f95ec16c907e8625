// Staging folders that are missing, full, shared or lost, and states that are older than the data
// that was sent.
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

class StagingFaults : public Faults {
 protected:
  void ExpectWarningOfBypass(const SyncOutcome& outcome) {
    EXPECT_TRUE(AnyHolds(outcome.warnings(), "without staging")) << outcome.text;
  }
  // A client that has received the first checkpoints; it is killed when all of the source is
  // staged.
  void StageAllAndKeepAnOldState() {
    const auto run = HeldSync(1);
    ASSERT_TRUE(connector().WaitForLog("reading ends").has_value());
    // All is staged when nothing is written any longer.
    run->Kill();
    run->Wait();
    ExpectNoWorkers();
    // When it has ended, it has written everything.
    ASSERT_TRUE(connector().Stop().has_value());
    ASSERT_NO_FATAL_FAILURE(StartConnector());
  }
};

// Mounted for one test; needs the right to mount.
class SmallDisk {
 public:
  SmallDisk(std::string path, const std::string& size) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, absl::StrCat("size=", size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  bool MakeReadOnly() const {
    return mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "") == 0;
  }

 private:
  std::string path_;
  bool mounted_ = false;
};

TEST_F(StagingFaults, FolderThatIsGoneIsDoneWithoutAndSaidSo) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ReplaceStagingByAFile();
  ExpectWarningOfBypass(ExpectGoodSyncAndEqual());
  ExpectSoundSupervisor();
}

TEST_F(StagingFaults, ReadOnlyFolderIsDoneWithoutAndSaidSo) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const SmallDisk disk(scene().staging(), "64m");
  if (getuid() == 0) {
    if (!disk.mounted() || !disk.MakeReadOnly()) GTEST_SKIP() << "needs the right to mount";
  } else {
    chmod(scene().staging().c_str(), 0500);
  }
  ExpectWarningOfBypass(ExpectGoodSyncAndEqual());
  ExpectSoundSupervisor();
}

TEST_F(StagingFaults, DiskThatFillsUpIsDoneWithoutFromThereOnAndSaidSo) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const SmallDisk disk(scene().staging(), "8m");
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount";
  ExpectWarningOfBypass(ExpectGoodSyncAndEqual());
  ExpectSoundSupervisor();
}

TEST_F(StagingFaults, DiskThatFillsUpBehindAClientThatStandsStillLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const SmallDisk disk(scene().staging(), "8m");
  if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount";
  const auto run = HeldSync(0);
  EXPECT_TRUE(connector().WaitForLog("staging is bypassed").has_value());
  run->Continue();
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  ExpectWarningOfBypass(outcome);
  ExpectEqual();
  ExpectSoundSupervisor();
}

TEST_F(StagingFaults, SecondSupervisorOnOneFolderIsRefusedTheConnection) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = HeldSync();
  Connector second(connector().options());
  ASSERT_TRUE(second.Start().ok());
  SyncRunOptions options = scene().Sync();
  options.address = second.address();
  options.state = scene().dir() / "second_state.json";
  options.warehouse = scene().dir() / "second_warehouse.db";
  const SyncOutcome refused = tests::RunSync(options);
  EXPECT_EQ(refused.grpc_code(), "ABORTED") << refused.text;
  run->Continue();
  EXPECT_TRUE(run->Wait().ok());
  ExpectEqual();
  // No sync uses the connection now, so either of the two may.
  options = scene().Sync();
  options.address = second.address();
  EXPECT_TRUE(tests::RunSync(options).ok());
  ExpectEqual();
  ExpectSoundSupervisor();
}

TEST_F(StagingFaults, OlderStateIsMadeGoodFromStagingWithoutReadingTheSource) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_NO_FATAL_FAILURE(StageAllAndKeepAnOldState());
  EXPECT_LT(scene().LiveTables().size(), std::size_t{kTables});
  ExpectGoodSyncAndEqual();
  EXPECT_GT(scene().Replayed(), 0u);
  EXPECT_EQ(connector().RowsRead(), 0u);
  ExpectSoundSupervisor();
}

TEST_F(StagingFaults, StateOfAnEarlyCheckpointThatComesBackAfterAWholeSyncIsMadeGoodFromStaging) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ExpectGoodSync({"--save-checkpoint", "2"});
  EXPECT_LT(scene().LiveTables().size(), std::size_t{kTables});
  connector().Stop();
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  ExpectGoodSyncAndEqual();
  EXPECT_GT(scene().Replayed(), 0u);
  EXPECT_EQ(connector().RowsRead(), 0u);
}

TEST_F(StagingFaults, StateThatStagingHasNothingForIsReadFromTheSourceAgain) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_NO_FATAL_FAILURE(StageAllAndKeepAnOldState());
  connector().Stop();
  std::filesystem::remove_all(scene().staging());
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  const std::set<std::string> live = scene().LiveTables();
  const SyncOutcome outcome = ExpectGoodSyncAndEqual();
  EXPECT_EQ(scene().Replayed(), 0u);
  EXPECT_GT(connector().RowsRead(), 0u);
  // What the state covers is not read again.
  for (const std::string& table : live) {
    EXPECT_EQ(outcome.TableCount(absl::StrCat("main.", table), "upserts"), 0u) << table;
  }
  ExpectSoundSupervisor();
}

// Damage as a disk or a power cut may cause it between two syncs.
TEST_F(StagingFaults, StagingThatWasDamagedIsReplayedAsFarAsItIsSoundAndReadAgainBehind) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_NO_FATAL_FAILURE(StageAllAndKeepAnOldState());
  connector().Stop();
  // The client was killed, so a part of its warehouse is still in the -wal file.
  const std::vector<std::string> kept = {scene().staging(), scene().state(), scene().warehouse(),
                                         scene().warehouse() + "-wal"};
  const auto copy_of = [](const std::string& path) { return path + ".kept"; };
  for (const std::string& path : kept) {
    std::filesystem::copy(path, copy_of(path), std::filesystem::copy_options::recursive);
  }
  using Damage = void (*)(const std::string& file, std::uint64_t size);
  const std::vector<std::pair<const char*, Damage>> damages = {
      {"a byte in the middle",
       [](const std::string& file, std::uint64_t size) {
         std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
         bytes.seekg(static_cast<std::streamoff>(size / 2));
         const int byte = bytes.get();
         bytes.seekp(static_cast<std::streamoff>(size / 2));
         bytes.put(static_cast<char>(byte ^ 1));
       }},
      {"writes that did not reach the disk",
       [](const std::string& file, std::uint64_t size) {
         std::filesystem::resize_file(file, size - size / 3);
       }},
      {"a file that is gone",
       [](const std::string& file, std::uint64_t) { std::filesystem::remove(file); }},
  };
  std::uint64_t replayed = 0;
  for (const auto& [what, damage] : damages) {
    SCOPED_TRACE(what);
    std::filesystem::remove(scene().warehouse() + "-shm");
    for (const std::string& path : kept) {
      std::filesystem::remove_all(path);
      std::filesystem::copy(copy_of(path), path, std::filesystem::copy_options::recursive);
    }
    std::size_t damaged = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scene().staging())) {
      // LevelDB's logs contain everything that is staged.
      if (!entry.is_regular_file() || entry.path().extension() != ".log") continue;
      if (entry.file_size() < 4096) continue;
      damage(entry.path(), entry.file_size());
      ++damaged;
    }
    EXPECT_GT(damaged, 0u);
    ASSERT_NO_FATAL_FAILURE(StartConnector());
    ExpectGoodSyncAndEqual();
    EXPECT_GT(connector().RowsRead(), 0u);
    replayed += scene().Replayed();
    ExpectSoundSupervisor();
    connector().Stop();
  }
  // What precedes the damage is replayed; if a file is missing, nothing is.
  EXPECT_GT(replayed, 0u);
}

TEST_F(StagingFaults, OperatorsKeyOpensWhatItSealedAnotherDoesNotAndNoneIsInTheState) {
  const TempDir keys;
  const auto write_key = [&keys](const char* name, const std::string& text) {
    std::ofstream(keys / name) << text;
    return keys / name;
  };
  const std::string own = write_key("own", std::string(32, '\x07'));
  std::string digits;
  for (int byte = 0; byte < 32; ++byte) digits += "07";
  const std::string same = write_key("same", digits + "\n");
  const std::string other = write_key("other", std::string(32, '\x08'));
  const auto restart_with = [this](const std::string& key) {
    connector().Stop();
    connector().options().flags.back() = key;
    StartConnector();
  };

  ASSERT_NO_FATAL_FAILURE(Begin({"--staging-key-file", own}));
  ExpectGoodSync({"--save-checkpoint", "2"});
  std::stringstream early_state;
  early_state << std::ifstream(scene().state()).rdbuf();
  EXPECT_FALSE(absl::StrContains(early_state.str(), "staging_key")) << early_state.str();

  ASSERT_NO_FATAL_FAILURE(restart_with(same));
  ExpectGoodSyncAndEqual();
  EXPECT_GT(scene().Replayed(), 0u);
  EXPECT_EQ(connector().RowsRead(), 0u);

  // What was encrypted with the other key is read from the source again.
  std::ofstream(scene().state(), std::ios::trunc) << early_state.str();
  ASSERT_NO_FATAL_FAILURE(restart_with(other));
  ExpectGoodSyncAndEqual();
  EXPECT_GT(connector().RowsRead(), 0u);
  ExpectSoundSupervisor();
}

TEST_F(StagingFaults, WhatIsDeselectedIsNotReplayed) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ExpectGoodSync({"--save-checkpoint", "2"});
  const std::string selection = scene().dir() / "selection.json";
  std::ofstream(selection) << R"({"with_schema": {"include_new_schemas": true, "schemas": [
      {"included": true, "schema_name": "main", "include_new_tables": true,
       "tables": [{"included": false, "table_name": "t8"}, {"included": false, "table_name": "t3"}]}
      ]}})";
  // The tester reports a record of a deselected table as a breach.
  SyncRunOptions options = scene().Sync();
  options.selection = selection;
  const SyncOutcome outcome = tests::RunSync(options);
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  const absl::Status equal = CompareWarehouse(scene().warehouse(), scene().source(), selection);
  EXPECT_TRUE(equal.ok()) << equal;
}

TEST_F(StagingFaults, ReplayHoldsToTheTypesThatWereWidenedBefore) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto change_all_tables = [this](const std::string& change) {
    Database database(scene().source());
    for (int table = 1; table <= kTables; ++table) {
      database.Run(absl::StrCat("UPDATE t", table, " SET ", change));
    }
  };
  change_all_tables("number = 'no number' WHERE id = 1000");
  ExpectGoodSync();
  // Of each row, so that far more than the state that is saved follows its checkpoint.
  change_all_tables("text = text || '.'");
  // Schema names the declared types again, before the replayed messages.
  ExpectGoodSync({"--save-checkpoint", "2"});
  ExpectGoodSyncAndEqual();
  EXPECT_GT(scene().Replayed(), 0u);
}

TEST_F(StagingFaults, FolderThatIsLostInMidSyncLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = HeldSync();
  std::filesystem::remove_all(scene().staging());
  run->Continue();
  const SyncOutcome outcome = run->Wait();
  // Data that was only in staging may be lost with the folder; then the sync ends, and the next one
  // reads that data again.
  EXPECT_TRUE(outcome.ok() || outcome.grpc_code() == "UNAVAILABLE") << outcome.text;
  EXPECT_EQ(outcome.breach(), "");
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

}  // namespace
}  // namespace tributary::tests
