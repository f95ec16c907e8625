// Requests that no protobuf library writes: bytes that are not a message, fields with a wrong wire
// type, texts that are not UTF-8, both members of a oneof.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bad_input/caller.h"

namespace tributary::tests {
namespace {

namespace sdk = fivetran_sdk::v2;
using ::testing::HasSubstr;

// --- the requests -----------------------------------------------------------------

constexpr int kKeyField = 1;
constexpr int kValueField = 2;

std::string Field(int number, const std::string& content) {
  EXPECT_LT(content.size(), 128U) << "its length takes one byte";
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} +
         content;
}
std::string NumberField(int number, char value) { return {static_cast<char>(number << 3), value}; }

// A request of each kind; the entries of its configuration are these bytes.
struct Request {
  const char* method;
  std::string before;
  int configuration;
};
const Request kTest = {"Test", Field(sdk::TestRequest::kNameFieldNumber, "connect"),
                       sdk::TestRequest::kConfigurationFieldNumber};
const Request kSchema = {"Schema", "", sdk::SchemaRequest::kConfigurationFieldNumber};
const Request kUpdate = {"Update", "", sdk::UpdateRequest::kConfigurationFieldNumber};

std::string Configured(const Request& request, const std::vector<std::string>& entries) {
  std::string bytes;
  for (const std::string& entry : entries) bytes += Field(request.configuration, entry);
  return bytes;
}
BytesAnswer Call(const Request& request, const std::vector<std::string>& entries) {
  return Caller::Get().CallWithBytes(request.method, request.before + Configured(request, entries));
}

std::string Entry(const std::string& key, const std::string& value) {
  return Field(kKeyField, key) + Field(kValueField, value);
}

// --- configurations ---------------------------------------------------------------

constexpr char kNoSource[] = "`source` is missing; choose one of: sqlite";
constexpr char kNoPath[] = "`database_path` is missing; give the path of the SQLite database file";

// Each call's answer when the configuration lacks something.
void ExpectMissing(const Request& request, const std::string& configuration,
                   const std::string& says) {
  const std::string method = request.method;
  const BytesAnswer answer = Caller::Get().CallWithBytes(method, request.before + configuration);
  std::string said = answer.status.error_message();
  if (method == "Test") {
    sdk::TestResponse tested;
    EXPECT_TRUE(tested.ParseFromString(answer.message));
    said += tested.failure();
  } else if (method == "Update") {
    sdk::UpdateResponse only;
    EXPECT_TRUE(only.ParseFromString(answer.message));
    said += only.task().message();
  }
  EXPECT_EQ(answer.status.error_code(),
            method == "Schema" ? grpc::StatusCode::FAILED_PRECONDITION : grpc::StatusCode::OK)
      << method;
  EXPECT_THAT(said, HasSubstr(says)) << method;
  EXPECT_TRUE(Caller::Get().StillServes());
}

void ExpectMissing(const std::vector<std::string>& entries, const std::string& says) {
  for (const Request& request : {kTest, kSchema, kUpdate}) {
    ExpectMissing(request, Configured(request, entries), says);
  }
}

TEST(BytesTest, ConfigurationThatIsWellMadeIsTaken) {
  const std::vector<std::string> good = {Entry("source", "sqlite"),
                                         Entry("database_path", "good.db")};
  const BytesAnswer test = Call(kTest, good);
  sdk::TestResponse tested;
  EXPECT_TRUE(test.status.ok() && tested.ParseFromString(test.message) && tested.success());
  EXPECT_TRUE(Call(kSchema, good).status.ok());
}

TEST(BytesTest, ValueThatIsANumberIsAMissingValue) {
  ExpectMissing(
      {Entry("source", "sqlite"), Field(kKeyField, "database_path") + NumberField(kValueField, 7)},
      kNoPath);
  ExpectMissing(
      {Field(kKeyField, "source") + NumberField(kValueField, 7), Entry("database_path", "good.db")},
      kNoSource);
}

TEST(BytesTest, KeyThatIsANumberIsAMissingKey) {
  ExpectMissing(
      {NumberField(kKeyField, 7) + Field(kValueField, "sqlite"), Entry("database_path", "good.db")},
      kNoSource);
}

TEST(BytesTest, ConfigurationThatIsANumberIsAMissingOne) {
  for (const Request& request : {kTest, kSchema, kUpdate}) {
    ExpectMissing(request, NumberField(request.configuration, 7), kNoSource);
  }
}

// For Test and Schema, gRPC itself refuses what it cannot parse; the bytes of an Update reach the
// connector unparsed.
void ExpectNoRequest(const std::string& method, const BytesAnswer& answer) {
  EXPECT_EQ(answer.status.error_code(),
            method == "Update" ? grpc::StatusCode::INVALID_ARGUMENT : grpc::StatusCode::INTERNAL);
  EXPECT_EQ(answer.message, "");
  EXPECT_TRUE(Caller::Get().StillServes());
}

TEST(BytesTest, TextsThatAreNotUtf8AreNoRequest) {
  const std::string source = Entry("source", "sqlite");
  const std::string path = Entry("database_path", "good.db");
  for (const std::vector<std::string>& entries :
       {std::vector<std::string>{source, Entry("database_path", "g\xff.db")},
        {Entry("source", "sqlite\xc3"), path},
        {source, path, Entry("k\xff", "value")},
        {Entry("so\xc3urce", "sqlite"), path}}) {
    for (const Request& request : {kTest, kSchema, kUpdate}) {
      ExpectNoRequest(request.method, Call(request, entries));
    }
  }
  // Protobuf logs the details; the log bounds how many of these lines are written.
  const std::vector<nlohmann::json> said = Caller::Get().connector().Logged("invalid UTF-8");
  EXPECT_FALSE(said.empty());
  for (const nlohmann::json& line : said) EXPECT_EQ(line.value("library", ""), "protobuf") << line;
  EXPECT_EQ(Caller::Get().connector().Errors(), "");
}

TEST(BytesTest, GarbageIsNoRequest) {
  for (const char* const method : {"Test", "Schema", "Update"}) {
    ExpectNoRequest(method, Caller::Get().CallWithBytes(method, "\xff\xff\xff\xff\xff"));
  }
}

// --- selections -------------------------------------------------------------------

// A parser keeps only the last of the two forms, and no library writes both.
TEST(BytesTest, SelectionInBothFormsIsAnInvalidArgument) {
  sdk::Selection with;
  with.mutable_with_schema()->set_include_new_schemas(true);
  sdk::Selection without;
  without.mutable_without_schema()->set_include_new_tables(true);
  const std::string request = Caller::Get().GoodUpdate().SerializeAsString();
  const auto selection = [](const std::string& forms) {
    return Field(sdk::UpdateRequest::kSelectionFieldNumber, forms);
  };
  const std::string first = with.SerializeAsString();
  const std::string second = without.SerializeAsString();
  for (const std::string& both : {selection(first + second), selection(second + first),
                                  selection(second) + selection(first)}) {
    const BytesAnswer answer = Caller::Get().CallWithBytes("Update", request + both);
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(answer.status.error_message(), HasSubstr("both `with_schema` and"));
    EXPECT_THAT(answer.status.error_message(), HasSubstr("send `with_schema` alone"));
    EXPECT_EQ(answer.message, "");
  }
  EXPECT_TRUE(Caller::Get().StillServes());
}

}  // namespace
}  // namespace tributary::tests
