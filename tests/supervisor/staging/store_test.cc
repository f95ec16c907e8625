// Owners, epochs and abandoned connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "supervisor/staging/staging.h"
#include "tests/supervisor/staging/staged_stream.h"

namespace tributary {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string kOtherConnection = "fedcba9876543210fedcba9876543210";

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : options_(OptionsFor(folder_.path())) {}

  std::unique_ptr<StagingStore> Open() { return StagingStore::Open(options_).value(); }
  void Stage(const std::string& epoch) {
    auto store = Open();
    auto writer = store->Begin(epoch, kKey).value();
    ASSERT_TRUE(stream_.Append(*writer, 1, 10).ok());
  }
  std::string ConnectionPath() const { return folder_.path() + "/" + options_.connection; }

  TempFolder folder_;
  StagingOptions options_;
  StagedStream stream_;
};

TEST_F(StoreTest, SecondOwnerIsTurnedAwayAndToldWhoTheFirstIs) {
  auto first = Open();
  const absl::Status second = StagingStore::Open(options_).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(second.message()), HasSubstr(absl::StrCat("process ", ::getpid())));
  options_.connection = kOtherConnection;
  EXPECT_TRUE(StagingStore::Open(options_).ok());
}

TEST_F(StoreTest, OwnershipEndsWithItsStore) {
  for (int i = 0; i < 3; ++i) EXPECT_NE(Open(), nullptr);
}

TEST_F(StoreTest, KilledOwnerLeavesNoLock) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    auto store = StagingStore::Open(options_);
    (void)!::write(ready[1], store.ok() ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  const absl::Status meanwhile = StagingStore::Open(options_).status();
  EXPECT_EQ(meanwhile.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(meanwhile.message()), HasSubstr(absl::StrCat("process ", owner)));
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  EXPECT_TRUE(StagingStore::Open(options_).ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

// As a worker has one between its fork and its exec.
TEST_F(StoreTest, ProcessThatHasACopyOfTheDescriptorDoesNotKeepTheLock) {
  auto store = Open();
  const pid_t copy = ::fork();
  if (copy == 0) {
    ::pause();
    ::_exit(0);
  }
  store.reset();
  const auto again = StagingStore::Open(options_);
  EXPECT_TRUE(again.ok()) << again.status();
  ::kill(copy, SIGKILL);
  ::waitpid(copy, nullptr, 0);
}

TEST_F(StoreTest, OptionsThatCannotBeAreRefused) {
  for (const std::string& connection :
       {std::string(), std::string("../../etc/passwd"), std::string("0123"), std::string(129, 'a'),
        std::string("0123456789ABCDEF0123456789ABCDEF")}) {
    StagingOptions options = options_;
    options.connection = connection;
    EXPECT_EQ(StagingStore::Open(options).status().code(), absl::StatusCode::kInvalidArgument);
  }
  StagingOptions options = options_;
  options.limit_bytes = 0;
  EXPECT_EQ(StagingStore::Open(options).status().code(), absl::StatusCode::kInvalidArgument);
  auto store = Open();
  for (const std::string& epoch : {std::string("e1"), std::string("../0000000000000")}) {
    EXPECT_EQ(store->Begin(epoch, kKey).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(store->OpenReplay(epoch, kKey, 0).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(store->Begin(kEpoch, "short").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(StoreTest, EpochCannotBeBegunTwice) {
  Stage(kEpoch);
  auto store = Open();
  EXPECT_EQ(store->Begin(kEpoch, kKey).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(StoreTest, ConnectionHasOneWriter) {
  auto store = Open();
  auto writer = store->Begin(kEpoch, kKey).value();
  EXPECT_EQ(store->Begin(kOtherEpoch, kKey).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->OpenReplay(kEpoch, kKey, 0).status().code(),
            absl::StatusCode::kFailedPrecondition);
  writer.reset();
  EXPECT_TRUE(store->Begin(kOtherEpoch, kKey).ok());
}

TEST_F(StoreTest, KeepOnlyDropsTheOtherEpochs) {
  Stage(kEpoch);
  Stage(kOtherEpoch);
  Stage("00000000000000e3");
  auto store = Open();
  EXPECT_TRUE(store->KeepOnly({kOtherEpoch, "ffffffffffffffff"}).ok());
  EXPECT_FALSE(fs::exists(ConnectionPath() + "/" + kEpoch));
  EXPECT_FALSE(fs::exists(ConnectionPath() + "/00000000000000e3"));
  EXPECT_TRUE(store->OpenReplay(kOtherEpoch, kKey, 0).ok());
  EXPECT_EQ(store->OpenReplay(kEpoch, kKey, 0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(store->KeepOnly({}).ok());
  EXPECT_EQ(store->bytes_on_disk(), 0u);
}

TEST_F(StoreTest, EpochInUseIsNotDropped) {
  Stage(kEpoch);
  auto store = Open();
  auto writer = store->Begin(kOtherEpoch, kKey).value();
  auto replay = store->OpenReplay(kEpoch, kKey, 0).value();
  EXPECT_EQ(store->KeepOnly({kEpoch}).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store->KeepOnly({kOtherEpoch}).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(store->KeepOnly({kEpoch, kOtherEpoch}).ok());
  EXPECT_TRUE(replay->Next().value().has_value());
}

TEST_F(StoreTest, ReplayThatIsNotWantedAnyMoreIsGivenUpAndNothingIsDropped) {
  Stage(kEpoch);
  auto store = Open();
  const std::uint64_t bytes = store->bytes_on_disk();
  EXPECT_EQ(store->OpenReplay(kEpoch, kKey, 0, [] { return true; }).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(store->bytes_on_disk(), bytes);
  EXPECT_TRUE(store->OpenReplay(kEpoch, kKey, 0).ok());
}

TEST_F(StoreTest, WhatAKillLeftHalfRemovedIsSweptAway) {
  Stage(kEpoch);
  const std::string epoch = ConnectionPath() + "/" + kEpoch;
  fs::create_directories(epoch + "/00000009.gone/deeper");
  WriteWhole(epoch + "/00000009.gone/000003.log", "rest");
  fs::create_directories(ConnectionPath() + "/00000000000000e9.gone/00000001");
  auto store = Open();
  EXPECT_FALSE(fs::exists(epoch + "/00000009.gone"));
  EXPECT_FALSE(fs::exists(ConnectionPath() + "/00000000000000e9.gone"));
  EXPECT_TRUE(store->OpenReplay(kEpoch, kKey, 0).ok());
}

TEST_F(StoreTest, ConnectionsThatNoLongerComeAreDropped) {
  Stage(kEpoch);
  const absl::Time now = absl::Now();
  EXPECT_EQ(StagingStore::DropAbandoned(folder_.path(), absl::Hours(1), now).value(), 0);
  EXPECT_TRUE(fs::exists(ConnectionPath()));
  EXPECT_EQ(
      StagingStore::DropAbandoned(folder_.path(), absl::Hours(1), now + absl::Hours(2)).value(), 1);
  EXPECT_FALSE(fs::exists(ConnectionPath()));
  Stage(kEpoch);
  EXPECT_TRUE(Open()->OpenReplay(kEpoch, kKey, 0).ok());
}

TEST_F(StoreTest, ConnectionWithAnOwnerIsNotAbandonedHoweverOld) {
  Stage(kEpoch);
  auto store = Open();
  EXPECT_EQ(
      StagingStore::DropAbandoned(folder_.path(), absl::Hours(1), absl::Now() + absl::Hours(1000))
          .value(),
      0);
  EXPECT_TRUE(store->OpenReplay(kEpoch, kKey, 0).ok());
}

TEST_F(StoreTest, ClockThatJumpedBackDropsNothing) {
  Stage(kEpoch);
  EXPECT_EQ(
      StagingStore::DropAbandoned(folder_.path(), absl::Hours(1), absl::Now() - absl::Hours(1000))
          .value(),
      0);
  EXPECT_TRUE(fs::exists(ConnectionPath()));
}

TEST_F(StoreTest, WhatIsNotAConnectionIsLeftAlone) {
  fs::create_directories(folder_.path() + "/lost+found");
  WriteWhole(folder_.path() + "/notes", "an operator's");
  EXPECT_EQ(
      StagingStore::DropAbandoned(folder_.path(), absl::Hours(1), absl::Now() + absl::Hours(1000))
          .value(),
      0);
  EXPECT_TRUE(fs::exists(folder_.path() + "/lost+found"));
  EXPECT_TRUE(fs::exists(folder_.path() + "/notes"));
}

TEST_F(StoreTest, HalfRemovedConnectionIsSweptAwayAndNothingElseOfThatKindOfName) {
  const std::string mine = folder_.path() + "/" + kConnection + ".gone";
  const std::string backup = folder_.path() + "/backup.gone";
  const std::string letters = folder_.path() + "/.gone";
  for (const std::string& path : {mine, backup, letters}) {
    fs::create_directories(path + "/deeper");
    WriteWhole(path + "/deeper/file", "rest");
  }
  EXPECT_EQ(StagingStore::DropAbandoned(folder_.path(), absl::Hours(1), absl::Now()).value(), 0);
  EXPECT_FALSE(fs::exists(mine));
  EXPECT_TRUE(fs::exists(backup + "/deeper/file"));
  EXPECT_TRUE(fs::exists(letters + "/deeper/file"));
}

TEST_F(StoreTest, SymbolicLinkIsNotFollowedWhateverItsName) {
  const TempFolder elsewhere;
  for (const std::string& name : {kConnection, kConnection + ".gone"}) {
    const std::string file = elsewhere.path() + "/000003.log";
    const std::string link = folder_.path() + "/" + name;
    WriteWhole(file, "somebody's");
    fs::create_directory_symlink(elsewhere.path(), link);
    const auto dropped = StagingStore::DropAbandoned(folder_.path(), absl::Hours(1),
                                                     absl::Now() + absl::Hours(1000));
    EXPECT_EQ(dropped.status().code(), absl::StatusCode::kFailedPrecondition) << name;
    EXPECT_TRUE(fs::exists(file)) << name;
    EXPECT_TRUE(fs::is_symlink(link)) << name;
    fs::remove(link);
  }
}

TEST_F(StoreTest, LockOfARemovedConnectionOwnsNothing) {
  // The file LOCK is opened, then the connection is removed and made again: the lock that is then
  // taken is on a file that no longer belongs to the connection.
  Stage(kEpoch);
  auto stale = ConnectionLock::Acquire(ConnectionPath()).value();
  fs::remove_all(ConnectionPath());
  Stage(kEpoch);
  auto current = ConnectionLock::Acquire(ConnectionPath());
  EXPECT_TRUE(current.ok());
  EXPECT_EQ(ConnectionLock::Acquire(ConnectionPath()).status().code(), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace tributary
