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

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr bool kWholeSystem = true;

struct Case {
  const char* name;
  Configuration configuration;
  // Part of the text that the user gets: what is wrong, and what to do.
  const char* says;
  // The connector runs with a --sqlite-root that contains all files of the machine.
  bool whole_system = false;
};

constexpr char kNoSource[] = "`source` is missing; choose one of: sqlite";
constexpr char kUnknownSource[] = "`source` names no known source; choose one of: sqlite";
constexpr char kNoPath[] = "`database_path` is missing; give the path";
constexpr char kNotThere[] =
    "there is no such file; check `database_path`, which is relative to --sqlite-root";
constexpr char kOutside[] = "it lies outside the folder that --sqlite-root allows; move it there";
constexpr char kRootItself[] =
    "it is the folder of --sqlite-root itself; name a database file in it";
constexpr char kNoDatabase[] =
    "it is not a SQLite 3 database, or it is encrypted; name a plain SQLite file";
constexpr char kOfTheKernel[] = "it belongs to the kernel; name a database file";

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
      {"Nothing", {}, kNoSource},
      {"NoSource", {{"database_path", "good.db"}}, kNoSource},
      {"EmptySource", {{"source", ""}, {"database_path", "good.db"}}, kNoSource},
      {"UnknownSource", {{"source", "oracle"}, {"database_path", "good.db"}}, kUnknownSource},
      {"SourceInOtherCase", {{"source", "SQLite"}, {"database_path", "good.db"}}, kUnknownSource},
      {"NoPath", {{"source", "sqlite"}}, kNoPath},
      {"EmptyPath", path(""), kNoPath},
      {"NulInPath", path(std::string("good.db\0.txt", 12)),
       "`database_path` holds a NUL character, which a path cannot hold; give the file's path "
       "without"},
      {"VeryLongPath", path(std::string(100000, 'a')),
       "`database_path` is 100000 bytes long; give a path of at most 4095"},
      {"LongName", path(std::string(3000, 'a')), "the path is too long; correct `database_path`"},
      {"Missing", path("missing.db"), kNotThere},
      {"InAMissingFolder", path("no/such/folder.db"), kNotThere},
      {"Traversal", path("../../../../../../etc/passwd"), kOutside},
      {"TraversalThroughItself", path("folder.db/../../../../../../etc/passwd"), kOutside},
      {"AbsoluteOutside", path("/etc/passwd"), kOutside},
      {"SymlinkOutside", path("link-outside.db"), kOutside},
      {"SymlinkLoop", path("loop.db"), "its symbolic links form a loop; correct `database_path`"},
      {"Fifo", path("fifo.db"), "it is a pipe; name a database file"},
      {"Folder", path("folder.db"), "it is a folder; name a database file"},
      {"TheRootItself", path("."), kRootItself},
      {"TheRootThroughAFolder", path("folder.db/.."), kRootItself},
      {"DeviceOutside", path("/dev/zero"), kOutside},
      {"ProcOutside", path("/proc/self/environ"), kOutside},
      {"Device", path("/dev/zero"), "it is a device; name a database file", kWholeSystem},
      {"Proc", path("/proc/self/environ"), kOfTheKernel, kWholeSystem},
      {"ProcFolder", path("/proc/self"), kOfTheKernel, kWholeSystem},
      {"Sys", path("/sys/kernel"), kOfTheKernel, kWholeSystem},
      // This is /etc/passwd itself.
      {"ThroughProc", path("/proc/self/root/etc/passwd"), kNoDatabase, kWholeSystem},
      {"TextFile", path("text.db"), kNoDatabase},
      {"ShortFile", path("short.db"), "it is shorter than its header states"},
      {"Picture", path("picture.db"), kNoDatabase},
      {"Uri", path("file:good.db?mode=rwc"), kNotThere},
      {"Memory", path(":memory:"), kNotThere},
      {"FileAsFolder", path("good.db/x"), kNotThere},
      {"Umlauts", path("g\u00f6\u00f6d.db"), kNotThere},
  };
}

class BadConfigurationTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override { MakeFiles(Caller::Get().root()); }
  Case case_ = Cases()[GetParam()];
  Caller& caller_ = case_.whole_system ? Caller::OfTheWholeSystem() : Caller::Get();
};

TEST_P(BadConfigurationTest, SetupTestSaysWhatToDo) {
  grpc::Status status;
  const std::string failure = caller_.Test("connect", case_.configuration, &status);
  EXPECT_TRUE(status.ok()) << status.error_message();
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
  EXPECT_THAT(answer.tasks, ElementsAre(HasSubstr(case_.says)));
  EXPECT_THAT(answer.records, SizeIs(0));
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
