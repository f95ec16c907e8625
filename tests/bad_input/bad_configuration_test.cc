// Configurations that are wrong: every setup test says what to do, Schema answers
// FAILED_PRECONDITION, Update sends one Task and ends with OK, and the connector
// goes on serving.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/bad_input/caller.h"

namespace tributary::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Case {
  const char* name;
  Configuration configuration;
  // Part of the text that the user gets.
  const char* says;
};

void MakeFiles(const TempDir& root) {
  static bool made = false;
  if (std::exchange(made, true)) return;
  ::mkfifo((root / "fifo.db").c_str(), 0600);
  ::mkdir((root / "folder.db").c_str(), 0700);
  ::symlink("/etc/passwd", (root / "link-outside.db").c_str());
  ::symlink("loop.db", (root / "loop.db").c_str());
  std::ofstream(root / "text.db")
      << "this is a text of more than a hundred bytes, which is as much "
         "as a header of SQLite has, but none of it is a database.\n";
  std::ofstream(root / "short.db") << "SQLite format 3";
  std::ofstream(root / "picture.db") << "\x89PNG\r\n\x1a\n" << std::string(200, '\0');
}

std::vector<Case> Cases() {
  const auto path = [](const std::string& value) -> Configuration {
    return {{"source", "sqlite"}, {"database_path", value}};
  };
  return {
      {"Nothing", {}, "source"},
      {"NoSource", {{"database_path", "good.db"}}, "source"},
      {"EmptySource", {{"source", ""}, {"database_path", "good.db"}}, "source"},
      {"UnknownSource", {{"source", "oracle"}, {"database_path", "good.db"}}, "sqlite"},
      {"SourceInOtherCase", {{"source", "SQLite"}, {"database_path", "good.db"}}, "sqlite"},
      {"NoPath", {{"source", "sqlite"}}, "database_path"},
      {"EmptyPath", path(""), "database_path"},
      {"NulInPath", path(std::string("good.db\0.txt", 12)), "database_path"},
      {"VeryLongPath", path(std::string(100000, 'a')), "database_path"},
      {"LongName", path(std::string(3000, 'a')), ""},
      {"Missing", path("missing.db"), "missing.db"},
      {"InAMissingFolder", path("no/such/folder.db"), ""},
      {"Traversal", path("../../../../../../etc/passwd"), ""},
      {"TraversalThroughItself", path("folder.db/../../../../../../etc/passwd"), ""},
      {"AbsoluteOutside", path("/etc/passwd"), ""},
      {"SymlinkOutside", path("link-outside.db"), ""},
      {"SymlinkLoop", path("loop.db"), ""},
      {"Fifo", path("fifo.db"), ""},
      {"Folder", path("folder.db"), ""},
      {"TheRootItself", path("."), ""},
      {"Device", path("/dev/zero"), ""},
      {"Proc", path("/proc/self/environ"), ""},
      {"ProcRoot", path("/proc/self/root/etc/passwd"), ""},
      {"TextFile", path("text.db"), "text.db"},
      {"ShortFile", path("short.db"), "short.db"},
      {"Picture", path("picture.db"), "picture.db"},
      {"Uri", path("file:good.db?mode=rwc"), ""},
      {"Memory", path(":memory:"), ""},
      {"FileAsFolder", path("good.db/x"), ""},
      {"NotUtf8",
       path("g\xc3\xb6\xc3\xb6"
            "d.db"),
       ""},
  };
}

class BadConfigurationTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override { MakeFiles(caller_.root()); }
  Case case_ = Cases()[GetParam()];
  Caller& caller_ = Caller::Get();
};

TEST_P(BadConfigurationTest, SetupTestSaysWhatToDo) {
  grpc::Status status;
  const std::string failure = caller_.Test("connect", case_.configuration, &status);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_GT(failure.size(), 20U);
  EXPECT_THAT(failure, HasSubstr(case_.says));
  EXPECT_TRUE(caller_.StillServes());
}

TEST_P(BadConfigurationTest, SchemaFailsItsPrecondition) {
  const grpc::Status status = caller_.Schema(case_.configuration);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr(case_.says));
}

TEST_P(BadConfigurationTest, UpdateSendsOneTaskAndNothingElse) {
  fivetran_sdk::v2::UpdateRequest request;
  request.mutable_configuration()->insert(case_.configuration.begin(), case_.configuration.end());
  const UpdateAnswer answer = caller_.Update(request);
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.tasks, SizeIs(1));
  EXPECT_EQ(answer.records, 0U);
  EXPECT_THAT(answer.states, SizeIs(0)) << "a checkpoint would claim progress";
  EXPECT_TRUE(caller_.StillServes());
}

INSTANTIATE_TEST_SUITE_P(Cases, BadConfigurationTest,
                         ::testing::Range(std::size_t{0}, Cases().size()),
                         [](const auto& one) { return std::string(Cases()[one.param].name); });

TEST(BadTestNameTest, IsAnInvalidArgument) {
  Caller& caller = Caller::Get();
  for (const std::string name : {"", "Connect", "connect ", "no such test"}) {
    grpc::Status status;
    caller.Test(name, caller.Good(), &status);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
  }
}

TEST(GoodConfigurationTest, PassesBothTestsAndIsDescribed) {
  Caller& caller = Caller::Get();
  EXPECT_EQ(caller.Test("connect", caller.Good()), "");
  EXPECT_EQ(caller.Test("read", caller.Good()), "");
  fivetran_sdk::v2::SchemaResponse response;
  EXPECT_TRUE(caller.Schema(caller.Good(), &response).ok());
  ASSERT_THAT(response.with_schema().schemas(), SizeIs(1));
  EXPECT_EQ(response.with_schema().schemas(0).name(), "main");
  EXPECT_THAT(response.with_schema().schemas(0).tables(), SizeIs(2));
}

TEST(GoodConfigurationTest, KeysThatAreNotKnownAreIgnored) {
  Caller& caller = Caller::Get();
  Configuration configuration = caller.Good();
  configuration["no_such_key"] = "value";
  EXPECT_EQ(caller.Test("connect", configuration), "");
}

}  // namespace
}  // namespace tributary::tests
