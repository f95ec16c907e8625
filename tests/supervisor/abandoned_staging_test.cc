// When the supervisor searches for the staging of abandoned connections.
#include "supervisor/abandoned_staging.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "common/limits.h"
#include "tests/process/manual_clock.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {
namespace {

namespace fs = std::filesystem;

TEST(AbandonedStaging, IsLookedForAtTheStartAndThenOnceAnHour) {
  const TempDir dir;
  ManualClock clock;
  Settings settings;
  settings.staging_dir = dir.path();
  AbandonedStaging abandoned(settings, Logger(), clock);
  const fs::path path = dir.path() + "/00112233445566778899aabbccddeeff";
  const auto make = [&] {
    fs::create_directories(path / "0011223344556677");
    return fs::exists(path);
  };
  // Only the wall clock determines how old a folder is.
  clock.AdvanceWall(limits::kStagingAbandonedAfter + std::chrono::hours(1));

  ASSERT_TRUE(make());
  abandoned.DropIfDue();
  EXPECT_FALSE(fs::exists(path)) << "the first time";

  ASSERT_TRUE(make());
  abandoned.DropIfDue();
  clock.Advance(limits::kAbandonedStagingEvery - std::chrono::seconds(1));
  abandoned.DropIfDue();
  EXPECT_TRUE(fs::exists(path)) << "not every sync searches all folders";

  clock.Advance(std::chrono::seconds(1));
  abandoned.DropIfDue();
  EXPECT_FALSE(fs::exists(path)) << "a supervisor may run for months";

  ASSERT_TRUE(make());
  clock.SetWall(std::chrono::system_clock::now());
  clock.Advance(limits::kAbandonedStagingEvery);
  abandoned.DropIfDue();
  EXPECT_TRUE(fs::exists(path)) << "it was used not long ago";
}

}  // namespace
}  // namespace tributary::tests
