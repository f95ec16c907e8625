// Rows larger than a ring, among smaller rows.
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

class LargeRows : public Faults {
 protected:
  static constexpr int kLargeRows = 6;

  // No checkpoint is due within the next hour, so none frees ring space.
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Begin({"--checkpoint-interval", "3600", "--workers", "1"}));
    DropTables();
    Database(scene().source())
        .RunAtOnce(absl::StrCat(
            "CREATE TABLE documents(id INTEGER PRIMARY KEY, body BLOB);",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
            10 * kLargeRows,
            ") INSERT INTO documents SELECT i, zeroblob(iif(i % 10, 100, 16777216)) FROM n"));
  }
};

TEST_F(LargeRows, RowsLargerThanARingBehindSmallOnesWaitForNoCheckpoint) {
  ExpectGoodSyncAndEqual();
  EXPECT_EQ(connector().RowsRead(), std::uint64_t{10 * kLargeRows});
  ExpectSoundSupervisor();
}

TEST_F(LargeRows, ClientThatStandsStillLetsThemBeReadToTheirEnd) {
  // Its first messages stay in its window and in the ring.
  const auto run = HeldSync(0);
  EXPECT_TRUE(Eventually([this] { return !connector().Logged("reading ends").empty(); }))
      << "the source is not read while its client has stopped";
  EXPECT_TRUE(run->running());
  run->Continue();
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  ExpectEqual();
  ExpectSoundSupervisor();
}

}  // namespace
}  // namespace tributary::tests
