// States, selections and calls that are wrong: the answer that the error table has
// for each, no record sent, and a connector that goes on serving.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <nlohmann/json.hpp>

#include "tests/bad_input/caller.h"
#include "tests/process/database.h"

namespace tributary::tests {
namespace {

namespace sdk = fivetran_sdk::v2;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// --- states -------------------------------------------------------------------

UpdateAnswer UpdateFrom(const std::string& state_json) {
  sdk::UpdateRequest request = Caller::Get().GoodUpdate();
  request.set_state_json(state_json);
  return Caller::Get().Update(request);
}

// A good state with one field replaced.
std::string With(const std::string& pointer, const nlohmann::json& value) {
  auto state = nlohmann::json::parse(Caller::Get().GoodState());
  state[nlohmann::json::json_pointer(pointer)] = value;
  return state.dump();
}

struct StateCase {
  const char* name;
  std::function<std::string()> state;
};

const std::vector<StateCase>& MalformedStates() {
  static const std::vector<StateCase> cases = {
      {"Truncated",
       [] {
         const std::string& good = Caller::Get().GoodState();
         return good.substr(0, good.size() / 2);
       }},
      {"OneByteShort",
       [] {
         const std::string& good = Caller::Get().GoodState();
         return good.substr(0, good.size() - 1);
       }},
      {"TrailingText", [] { return Caller::Get().GoodState() + "x"; }},
      {"NotJson", [] { return std::string("state"); }},
      {"AnArray", [] { return std::string("[]"); }},
      {"ANumber", [] { return std::string("1"); }},
      {"AText", [] { return std::string("\"{}\""); }},
      {"Null", [] { return std::string("null"); }},
      {"EmbeddedNul", [] { return std::string("{}\0{}", 5); }},
      {"Deep", [] { return std::string(100000, '[') + std::string(100000, ']'); }},
      {"DeepObjects",
       [] {
         std::string deep;
         for (int i = 0; i < 20000; ++i) deep += "{\"a\":";
         return deep;
       }},
      {"NegativePosition", [] { return With("/position", -1); }},
      {"OverflowingPosition",
       [] {
         std::string state = With("/position", 7777);
         return state.replace(state.find("7777"), 4, "99999999999999999999999");
       }},
      {"FractionalPosition", [] { return With("/position", 1.5); }},
      {"PositionAsText", [] { return With("/position", "1"); }},
      {"VersionZero", [] { return With("/version", 0); }},
      {"VersionAsText", [] { return With("/version", "1"); }},
      {"SourceAsText", [] { return With("/source", "sqlite"); }},
      {"EpochTooShort", [] { return With("/epoch", "abc"); }},
      {"EpochNotHex", [] { return With("/epoch", "zzzzzzzzzzzzzzzz"); }},
      {"EpochWithPath", [] { return With("/epoch", "../../../../../"); }},
      {"KeyNotBase64", [] { return With("/staging_key", "????"); }},
      {"KeyTooShort", [] { return With("/staging_key", "AAAA"); }},
      {"TablesAsArray", [] { return With("/tables", nlohmann::json::array()); }},
      {"UnknownPhase", [] { return With("/tables/main/people/phase", "done"); }},
      {"TableWithoutPhase", [] { return With("/tables/main/people", nlohmann::json::object()); }},
      {"VersionPlaceOutOfRange", [] { return With("/tables/main/people/version", 99); }},
      {"NegativeVersionPlace", [] { return With("/tables/main/people/version", -1); }},
      {"RangesThatOverlap",
       [] {
         auto state = nlohmann::json::parse(Caller::Get().GoodState());
         auto& table = state["tables"]["main"]["people"];
         table["phase"] = "copying";
         table["done"] = {{"", ""}, {"5", "9"}};
         return state.dump();
       }},
  };
  return cases;
}

class MalformedStateTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(MalformedStateTest, IsAnInvalidArgumentAndNeverAFullSync) {
  const UpdateAnswer answer = UpdateFrom(MalformedStates()[GetParam()].state());
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
      << answer.status.error_message();
  EXPECT_THAT(answer.status.error_message(), HasSubstr("state"));
  EXPECT_EQ(answer.records, 0U);
  EXPECT_TRUE(Caller::Get().StillServes());
}

INSTANTIATE_TEST_SUITE_P(Cases, MalformedStateTest,
                         ::testing::Range(std::size_t{0}, MalformedStates().size()),
                         [](const auto& one) {
                           return std::string(MalformedStates()[one.param].name);
                         });

TEST(StateTest, AbsentEmptyBlankAndEmptyObjectAreAFirstSync) {
  EXPECT_EQ(Caller::Get().Update(Caller::Get().GoodUpdate()).records, 5U);
  for (const std::string state : {"", " \n", "{}", " { } "}) {
    const UpdateAnswer answer = UpdateFrom(state);
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_EQ(answer.records, 5U) << "2 TRUNCATE and 3 rows, from state '" << state << "'";
  }
}

TEST(StateTest, OfANewerVersionIsATask) {
  const UpdateAnswer answer = UpdateFrom(With("/version", 2));
  EXPECT_TRUE(answer.status.ok());
  EXPECT_THAT(answer.tasks, SizeIs(1));
  EXPECT_EQ(answer.records, 0U);
}

TEST(StateTest, OfAnotherSourceIsATask) {
  for (const std::string field : {"/source/identity", "/source/engine"}) {
    const UpdateAnswer answer = UpdateFrom(With(field, "another"));
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    ASSERT_THAT(answer.tasks, SizeIs(1)) << field;
    EXPECT_THAT(answer.tasks[0], HasSubstr("re-sync"));
    EXPECT_EQ(answer.records, 0U);
  }
}

TEST(StateTest, UnknownFieldsAreIgnored) {
  const UpdateAnswer answer = UpdateFrom(With("/a_later_field", {{"a", {1, 2, 3}}}));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.records, 0U) << "the source has not changed";
}

TEST(StateTest, WithAForeignKeyReadsTheSourceInstead) {
  const UpdateAnswer answer =
      UpdateFrom(With("/staging_key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
}

// --- selections ----------------------------------------------------------------

sdk::UpdateRequest Selecting(const std::function<void(sdk::Selection&)>& select) {
  sdk::UpdateRequest request = Caller::Get().GoodUpdate();
  select(*request.mutable_selection());
  return request;
}

sdk::TableSelection& AddTable(sdk::SchemaSelection& schema, const std::string& name,
                              bool included) {
  sdk::TableSelection& table = *schema.add_tables();
  table.set_table_name(name);
  table.set_included(included);
  table.set_include_new_columns(true);
  return table;
}

sdk::SchemaSelection& AddMain(sdk::Selection& selection, bool included = true) {
  sdk::SchemaSelection& schema = *selection.mutable_with_schema()->add_schemas();
  schema.set_schema_name("main");
  schema.set_included(included);
  return schema;
}

TEST(SelectionTest, WithoutSchemasIsAnInvalidArgument) {
  const auto answer = Caller::Get().Update(Selecting([](sdk::Selection& selection) {
    selection.mutable_without_schema()->add_tables()->set_table_name("people");
  }));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(SelectionTest, ThatContradictsItselfIsAnInvalidArgument) {
  const auto answer = Caller::Get().Update(Selecting([](sdk::Selection& selection) {
    sdk::SchemaSelection& schema = AddMain(selection);
    AddTable(schema, "people", true);
    AddTable(schema, "people", false);
  }));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(answer.status.error_message(), HasSubstr("people"));
}

TEST(SelectionTest, UnknownNamesAreWarnedOfAndTheRestGoesOn) {
  const auto answer = Caller::Get().Update(Selecting([](sdk::Selection& selection) {
    sdk::SchemaSelection& schema = AddMain(selection);
    AddTable(schema, "people", true).mutable_columns()->insert({"no_such_column", true});
    AddTable(schema, "no_such_table", true);
  }));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.warnings, ::testing::Contains(HasSubstr("no_such_table")));
  EXPECT_THAT(answer.warnings, ::testing::Contains(HasSubstr("no_such_column")));
  EXPECT_EQ(answer.records, 3U) << "TRUNCATE and 2 rows of people";
}

TEST(SelectionTest, EverythingExcludedIsOkWithACheckpoint) {
  const auto answer = Caller::Get().Update(
      Selecting([](sdk::Selection& selection) { AddMain(selection, /*included=*/false); }));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.records, 0U);
  EXPECT_GE(answer.states.size(), 1U);
}

TEST(SelectionTest, EmptyFormSelectsNothingNew) {
  const auto answer = Caller::Get().Update(
      Selecting([](sdk::Selection& selection) { selection.mutable_with_schema(); }));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.records, 0U);
}

TEST(SelectionTest, AKeyThatIsExcludedIsSyncedWithAWarning) {
  const auto answer = Caller::Get().Update(Selecting([](sdk::Selection& selection) {
    AddTable(AddMain(selection), "people", true).mutable_columns()->insert({"id", false});
  }));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.warnings, ::testing::Contains(HasSubstr("id")));
  EXPECT_EQ(answer.records, 3U);
}

TEST(SelectionTest, OfAHundredThousandEntriesIsAnswered) {
  const auto answer = Caller::Get().Update(Selecting([](sdk::Selection& selection) {
    sdk::SchemaSelection& schema = AddMain(selection);
    for (int i = 0; i < 100000; ++i) AddTable(schema, "table_" + std::to_string(i), false);
    AddTable(schema, "people", true);
  }));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.records, 3U);
}

// --- calls ---------------------------------------------------------------------

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

TEST(CallTest, BytesThatAreNoRequestAreAnInvalidArgument) {
  grpc::GenericStub stub(Caller::Get().channel());
  grpc::ClientContext context;
  grpc::Slice garbage(std::string("\xff\xff\xff\xff\xff"));
  grpc::ByteBuffer request(&garbage, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/fivetran_sdk.v2.SourceConnector/Update", {}, &request, &response,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  EXPECT_EQ(done.get_future().get().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Caller::Get().StillServes());
}

// Syncs that stay open because nobody reads them.
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
