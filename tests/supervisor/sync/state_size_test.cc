// A source whose state would become too large to be read.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "common/limits.h"
#include "proto/connector_sdk.pb.h"
#include "supervisor/sync/sync.h"
#include "tests/process/temp_dir.h"
#include "tests/supervisor/sync/fake_client.h"
#include "tests/supervisor/sync/fake_worker.h"

namespace tributary::tests {
namespace {

using fivetran_sdk::v2::UpdateResponse;

constexpr int kTables = 24;
// With names of this size, the state is too large when about two thirds of the tables are copied.
constexpr std::size_t kNameBytes = limits::kMaxStateBytes / 16;

void Work(const Assignment& work, FakeWorker& worker) {
  if (work.has_cut()) return worker.AnswerCut(work.id());
  if (work.has_read()) return worker.ReadAll(work, "rows");
  Catalog catalog;
  catalog.set_version(kVersion);
  catalog.set_identity("fake");
  for (int i = 0; i < kTables; ++i) {
    CatalogTable& table = *catalog.add_tables();
    table.set_schema("main");
    table.set_content(kVersion);
    table.set_table(std::string(kNameBytes, 'n') + std::to_string(i));
    auto& column = *table.add_columns();
    column.set_name("id");
    column.set_type(fivetran_sdk::v2::LONG);
    column.set_primary_key(true);
  }
  worker.AnswerDescribe(work.id(), catalog);
}

TEST(StateSizeTest, SyncWhoseStateGrowsTooLargeSendsATaskAndNoStateThatCannotBeReadBack) {
  const TempDir dir;
  Settings settings;
  settings.staging_dir = dir / "staging";
  settings.staging_limit_bytes = limits::kDefaultStagingLimitBytes;
  settings.checkpoint_interval = std::chrono::milliseconds(0);
  Metrics metrics;
  StatusBoard board(metrics);
  const std::atomic<bool> draining{false};
  SyncRequest request{.connection = {.source = "sqlite", .id = "00112233445566778899aabbccddeeff"},
                      .configuration = {},
                      .selection = Selection::Read(nullptr).value(),
                      .state = {},
                      .state_json = ""};
  const auto client = std::make_shared<FakeClient>();
  SyncWorld world;
  world.start_worker = StartFakes([](int) { return Work; });
  const absl::Status ended = Sync(settings, board, std::move(request), client, draining,
                                  Doorbell::Make().value(), std::move(world))
                                 .Run();
  EXPECT_TRUE(ended.ok()) << ended;
  int checkpoints = 0;
  int tasks = 0;
  for (const std::string& bytes : client->messages()) {
    UpdateResponse message;
    if (!message.ParseFromString(bytes)) continue;
    if (message.has_checkpoint()) {
      ++checkpoints;
      EXPECT_TRUE(ParseState(message.checkpoint().state_json()).ok());
    }
    if (message.has_task()) {
      ++tasks;
      EXPECT_TRUE(absl::StrContains(message.task().message(), "select fewer tables"))
          << message.task().message();
    }
  }
  EXPECT_EQ(tasks, 1);
  EXPECT_GT(checkpoints, 0);
}

}  // namespace
}  // namespace tributary::tests
