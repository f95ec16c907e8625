// Calls that are too large, too many or empty; the connector goes on serving.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bad_input/caller.h"
#include "tests/process/database.h"

namespace tributary::tests {
namespace {

namespace sdk = fivetran_sdk::v2;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(CallTest, ARequestOverTheSizeLimitIsRefused) {
  sdk::UpdateRequest request = Caller::Get().GoodUpdate();
  request.set_state_json(std::string(std::size_t{129} << 20, ' '));
  const UpdateAnswer answer = Caller::Get().Update(request);
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Caller::Get().StillServes());
}

TEST(CallTest, AnEmptyRequestIsATask) {
  const UpdateAnswer answer = Caller::Get().Update({});
  EXPECT_TRUE(answer.status.ok());
  EXPECT_THAT(answer.tasks, SizeIs(1));
}

// Syncs that stay open because their client does not read.
class OpenSync {
 public:
  explicit OpenSync(const std::string& database) {
    sdk::UpdateRequest request;
    (*request.mutable_configuration())["source"] = "sqlite";
    (*request.mutable_configuration())["database_path"] = database;
    reader_ = Caller::Get().stub().Update(&context_, request);
    sdk::UpdateResponse first;
    reader_->Read(&first);
  }
  ~OpenSync() {
    context_.TryCancel();
    sdk::UpdateResponse response;
    while (reader_->Read(&response)) {
    }
    reader_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<sdk::UpdateResponse>> reader_;
};

void MakeLargeDatabase(const std::string& name) {
  Database database(Caller::Get().root() / name);
  database.Run(
      "CREATE TABLE IF NOT EXISTS big(id INTEGER PRIMARY KEY, text TEXT);"
      "INSERT OR IGNORE INTO big WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n "
      "LIMIT 100000) SELECT i, hex(randomblob(200)) FROM n");
}

TEST(CallTest, ASecondUpdateOfOneConnectionIsAborted) {
  MakeLargeDatabase("large1.db");
  const OpenSync first("large1.db");
  sdk::UpdateRequest request;
  (*request.mutable_configuration())["source"] = "sqlite";
  (*request.mutable_configuration())["database_path"] = "large1.db";
  EXPECT_EQ(Caller::Get().Update(request).status.error_code(), grpc::StatusCode::ABORTED);
}

TEST(CallTest, MoreSyncsThanAllowedAreRefused) {
  MakeLargeDatabase("large2.db");
  MakeLargeDatabase("large3.db");
  const OpenSync first("large2.db");
  const OpenSync second("large3.db");
  const UpdateAnswer answer = Caller::Get().Update(Caller::Get().GoodUpdate());
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(answer.status.error_message(), HasSubstr("--max-syncs"));
}

}  // namespace
}  // namespace tributary::tests
