// All breaches of the contract that the tester detects, and messages that are allowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/sync_tester/catalog.h"
#include "tests/sync_tester/fake_connector.h"
#include "tests/sync_tester/stream_contract.h"

namespace tributary::tester {
namespace {

using ::testing::HasSubstr;

class StreamContractTest : public ::testing::Test {
 protected:
  StreamContractTest() {
    Merge(MainSchema({MakeTable("people", {{"id!", v2::LONG}, {"name", v2::STRING}}),
                      MakeTable("notes", {{"text", v2::STRING}, {"at", v2::LONG}})}));
  }

  void Merge(const v2::SchemaList& list) { ASSERT_TRUE(catalog_.Merge(list).ok()); }

  void Start(bool from_nothing) { contract_.emplace(catalog_, from_nothing); }

  absl::Status Check(const v2::UpdateResponse& message) {
    return contract_->Check(message, message.ByteSizeLong());
  }

  void Fine(const v2::UpdateResponse& message) {
    const absl::Status checked = Check(message);
    EXPECT_TRUE(checked.ok()) << checked;
  }

  void Breach(const v2::UpdateResponse& message, const std::string& text) {
    const absl::Status checked = Check(message);
    EXPECT_EQ(checked.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(checked.message()), HasSubstr(text));
  }

  // A sync with a state, in which no TRUNCATE is needed.
  void StartResumed() {
    Start(false);
    Fine(CheckpointMessage(R"({"v":1})"));
  }

  v2::Record Person(std::int64_t id, const std::string& name) {
    return MakeRecord(v2::UPSERT, "people", {{"id", Long(id)}, {"name", Text(name)}});
  }

  // Values are checked with a column of this type.
  void Column(v2::DataType type, const v2::DataTypeParams& params = {}) {
    v2::Table table = MakeTable("typed", {{"id!", v2::LONG}, {"value", type}});
    *table.mutable_columns(1)->mutable_params() = params;
    Merge(MainSchema({table}));
  }
  v2::UpdateResponse Valued(const v2::ValueType& value) {
    return Batch({MakeRecord(v2::UPSERT, "typed", {{"id", Long(1)}, {"value", value}})});
  }

  Catalog catalog_{SelectionRules()};
  std::optional<StreamContract> contract_;
};

TEST_F(StreamContractTest, WholeFirstSyncPasses) {
  Start(true);
  Fine(CheckpointMessage(R"({"v":1})"));
  Fine(Batch({MakeRecord(v2::TRUNCATE, "people", {}), Person(1, "a")}));
  Fine(WarningMessage("one column is odd"));
  Fine(Batch({Person(2, "b"), MakeRecord(v2::UPDATE, "people", {{"id", Long(1)}, {"name", Null()}}),
              MakeRecord(v2::DELETE, "people", {{"id", Long(2)}})}));
  Fine(CheckpointMessage(R"({"v":2})"));
  EXPECT_TRUE(contract_->CheckEnd().ok());
}

TEST_F(StreamContractTest, RowsAreResolvedToTheirColumns) {
  StartResumed();
  const v2::UpdateResponse message = Batch({Person(7, "x")});
  Fine(message);
  ASSERT_EQ(contract_->rows().size(), 1u);
  const Row& row = contract_->rows()[0];
  EXPECT_EQ(row.table->name, "people");
  EXPECT_EQ(row.values[0]->long_(), 7);
  EXPECT_EQ(row.values[1]->string(), "x");
}

TEST_F(StreamContractTest, BreachNamesTheMessage) {
  StartResumed();
  Fine(WarningMessage("w"));
  Breach(v2::UpdateResponse(), "message 3: has no operation set");
}

TEST_F(StreamContractTest, MoreThanAHundredRecordsInAMessageAreABreach) {
  StartResumed();
  v2::UpdateResponse message;
  for (int i = 0; i < 100; ++i) *message.mutable_records()->add_records() = Person(i, "n");
  Fine(message);
  *message.mutable_records()->add_records() = Person(100, "n");
  Breach(message, "holds 101 records");
}

TEST_F(StreamContractTest, MessageOverTheSizeLimitIsABreach) {
  StartResumed();
  const v2::UpdateResponse message = Batch({Person(1, "n")});
  EXPECT_TRUE(contract_->Check(message, kContractMessageBytes).ok());
  EXPECT_THAT(std::string(contract_->Check(message, kContractMessageBytes + 1).message()),
              HasSubstr("at most 134217728 are allowed"));
}

TEST_F(StreamContractTest, UnknownTableIsABreachUntilASchemaChangeNamesIt) {
  StartResumed();
  const v2::UpdateResponse message = Batch({MakeRecord(v2::UPSERT, "new", {{"a", Text("1")}})});
  Breach(message, "neither Schema nor a schema change has named");
  Fine(SchemaChangeMessage({MakeTable("new", {{"a", v2::STRING}})}));
  Fine(message);
}

TEST_F(StreamContractTest, UnknownColumnIsABreachUntilASchemaChangeNamesIt) {
  StartResumed();
  const v2::UpdateResponse message = Batch(
      {MakeRecord(v2::UPSERT, "people", {{"id", Long(1)}, {"name", Text("n")}, {"age", Long(3)}})});
  Breach(message, "holds column age");
  Fine(SchemaChangeMessage({MakeTable("people", {{"age", v2::LONG}})}));
  Fine(message);
  Breach(Batch({Person(1, "n")}), "lacks selected column age");
}

TEST_F(StreamContractTest, ValueOfAnotherTypeIsABreachUntilASchemaChangeAllowsIt) {
  StartResumed();
  const v2::UpdateResponse message =
      Batch({MakeRecord(v2::UPSERT, "notes", {{"text", Text("t")}, {"at", Text("noon")}})});
  Breach(message, "holds in column at a value of type STRING in a column of type LONG");
  Fine(SchemaChangeMessage({MakeTable("notes", {{"at", v2::STRING}})}));
  Fine(message);
  Breach(Batch({MakeRecord(v2::UPSERT, "notes", {{"text", Text("t")}, {"at", Long(12)}})}),
         "a value of type LONG in a column of type STRING");
}

TEST_F(StreamContractTest, NullFitsEveryTypeAndUnspecifiedTakesAll) {
  Column(v2::UNSPECIFIED);
  StartResumed();
  Fine(Valued(Null()));
  Fine(Valued(Long(1)));
  Fine(Valued(Text("t")));
  v2::ValueType bytes;
  bytes.set_binary("b");
  Fine(Valued(bytes));
  Fine(Batch({MakeRecord(v2::UPSERT, "people", {{"id", Long(1)}, {"name", Null()}})}));
}

TEST_F(StreamContractTest, ValueWithNothingSetIsABreach) {
  StartResumed();
  Breach(Batch({MakeRecord(v2::UPSERT, "people", {{"id", Long(1)}, {"name", v2::ValueType()}})}),
         "a value with nothing set, not even null");
}

TEST_F(StreamContractTest, NullSetToFalseIsABreach) {
  StartResumed();
  v2::ValueType value;
  value.set_null(false);
  Breach(Batch({MakeRecord(v2::UPSERT, "people", {{"id", Long(1)}, {"name", value}})}),
         "null set to false");
}

TEST_F(StreamContractTest, RecordWithoutDataIsABreachUnlessItTruncates) {
  StartResumed();
  Fine(Batch({MakeRecord(v2::TRUNCATE, "people", {})}));
  Breach(Batch({MakeRecord(v2::UPSERT, "people", {})}),
         "UPSERT of table main.people holds no data");
  Breach(Batch({MakeRecord(v2::UPDATE, "people", {})}), "holds no data");
  Breach(Batch({MakeRecord(v2::DELETE, "people", {})}), "holds no data");
}

TEST_F(StreamContractTest, SyncWithoutStateThatDoesNotTruncateFirstIsABreach) {
  Start(true);
  Fine(CheckpointMessage(R"({"v":1})"));
  Breach(Batch({Person(1, "n")}), "begins each table with TRUNCATE");
}

TEST_F(StreamContractTest, EachTableOfASyncWithoutStateIsTruncatedOnItsOwn) {
  Start(true);
  Fine(CheckpointMessage(R"({"v":1})"));
  Fine(Batch({MakeRecord(v2::TRUNCATE, "people", {}), Person(1, "n")}));
  Breach(Batch({MakeRecord(v2::UPSERT, "notes", {{"text", Text("t")}, {"at", Long(1)}})}),
         "the first record of table main.notes is UPSERT");
}

TEST_F(StreamContractTest, ResumedSyncNeedNotTruncate) {
  StartResumed();
  Fine(Batch({Person(1, "n")}));
}

TEST_F(StreamContractTest, IncompleteUpsertIsABreachAndAnUpdateIsNot) {
  StartResumed();
  Breach(Batch({MakeRecord(v2::UPSERT, "people", {{"id", Long(1)}})}),
         "lacks selected column name");
  Fine(Batch({MakeRecord(v2::UPDATE, "people", {{"id", Long(1)}})}));
}

TEST_F(StreamContractTest, MissingOrNullPrimaryKeyIsABreachInEveryOperation) {
  StartResumed();
  for (const v2::RecordType type : {v2::UPSERT, v2::UPDATE, v2::DELETE}) {
    Breach(Batch({MakeRecord(type, "people", {{"name", Text("n")}})}),
           "lacks primary-key column id");
    Breach(Batch({MakeRecord(type, "people", {{"id", Null()}, {"name", Text("n")}})}),
           "holds null in primary-key column id");
  }
}

TEST_F(StreamContractTest, UpdateWithoutAKeyToFindTheRowIsABreach) {
  StartResumed();
  const std::initializer_list<NamedValue> whole = {{"text", Text("t")}, {"at", Long(1)}};
  Breach(Batch({MakeRecord(v2::UPDATE, "notes", whole)}), "has no primary key to find its row by");
  Fine(Batch({MakeRecord(v2::DELETE, "notes", whole)}));
  Breach(Batch({MakeRecord(v2::DELETE, "notes", {{"at", Long(1)}})}), "lacks selected column text");
}

TEST_F(StreamContractTest, CheckpointMustHoldAJsonObjectWithMembers) {
  for (const char* const state :
       {"", "{}", " { } ", "[]", "null", "7", "{\"a\":}", "{\"a\":1", "{\"a\":1}x", "{a:1}"}) {
    Start(false);
    EXPECT_FALSE(Check(CheckpointMessage(state)).ok()) << state;
  }
  Start(false);
  Fine(CheckpointMessage(R"( {"a": [1, -2.5e+3, "\u00e9", true, null, {"b": {}}]} )"));
}

TEST_F(StreamContractTest, RecordsBeforeTheFirstCheckpointAreABreach) {
  Start(false);
  Fine(WarningMessage("w"));
  Breach(Batch({Person(1, "n")}), "before the first checkpoint");
}

TEST_F(StreamContractTest, StreamThatEndsWithoutACheckpointIsABreach) {
  Start(false);
  EXPECT_THAT(std::string(contract_->CheckEnd().message()), HasSubstr("without one checkpoint"));
  Fine(CheckpointMessage(R"({"v":1})"));
  EXPECT_TRUE(contract_->CheckEnd().ok());
  Fine(Batch({Person(1, "n")}));
  EXPECT_THAT(std::string(contract_->CheckEnd().message()), HasSubstr("message 2"));
}

TEST_F(StreamContractTest, NothingMayFollowATask) {
  StartResumed();
  Fine(TaskMessage("renew the password"));
  EXPECT_TRUE(contract_->CheckEnd().ok());
  Breach(CheckpointMessage(R"({"v":2})"), "comes after a task");
}

TEST_F(StreamContractTest, WarningsAndTasksNeedATextAndChangesAContent) {
  StartResumed();
  Breach(WarningMessage(""), "a warning without a text");
  v2::UpdateResponse empty_change;
  empty_change.mutable_schema_change();
  Breach(empty_change, "a schema change with nothing set");
  Breach(TaskMessage(""), "a task without a text");
}

TEST_F(StreamContractTest, NaiveTimeIsABreachAsTypeAndAsValue) {
  Column(v2::UNSPECIFIED);
  StartResumed();
  Breach(SchemaChangeMessage({MakeTable("people", {{"at", v2::NAIVE_TIME}})}), "is NAIVE_TIME");
  v2::ValueType noon;
  noon.mutable_naive_time()->set_seconds(43200);
  Breach(Valued(noon), "a naive_time");
}

TEST_F(StreamContractTest, DecimalMustBePlainDigitsThatFitTheColumn) {
  v2::DataTypeParams params;
  params.mutable_decimal()->set_precision(5);
  params.mutable_decimal()->set_scale(2);
  Column(v2::DECIMAL, params);
  StartResumed();
  const auto decimal = [this](const std::string& text) {
    v2::ValueType value;
    value.set_decimal(text);
    return Valued(value);
  };
  for (const char* const text : {"0", "-123.45", "+1.5", "000123.4500", "999.99"}) {
    Fine(decimal(text));
  }
  for (const char* const text : {"", "-", "1.", ".5", "1e3", "1,5", "NaN", " 1", "1.2.3"}) {
    Breach(decimal(text), "a decimal that is not digits");
  }
  for (const char* const text : {"1234", "0.123", "-1000.00"}) {
    Breach(decimal(text), "does not fit DECIMAL(5,2)");
  }
}

TEST_F(StreamContractTest, TimesMustBeRealAndDatesMidnight) {
  Column(v2::NAIVE_DATE);
  StartResumed();
  v2::ValueType day;
  day.mutable_naive_date()->set_seconds(86400 * 3);
  Fine(Valued(day));
  day.mutable_naive_date()->set_seconds(-62135596800);
  Fine(Valued(day));
  day.mutable_naive_date()->set_seconds(86400 * 3 + 1);
  Breach(Valued(day), "a date that is not midnight");
  day.mutable_naive_date()->set_seconds(253402300800);
  Breach(Valued(day), "outside the years 1 to 9999");
  Column(v2::NAIVE_DATETIME);
  v2::ValueType moment;
  moment.mutable_naive_datetime()->set_nanos(1000000000);
  Breach(Valued(moment), "nanoseconds outside one second");
}

TEST_F(StreamContractTest, JsonAndShortAndLimitedTextAreHeldToTheirBounds) {
  Column(v2::JSON);
  StartResumed();
  v2::ValueType json;
  json.set_json(R"({"a":1e999})");
  Fine(Valued(json));
  json.set_json("{'a':1}");
  Breach(Valued(json), "a json text that is not JSON");
  Column(v2::SHORT);
  v2::ValueType number;
  number.set_short_(32767);
  Fine(Valued(number));
  number.set_short_(32768);
  Breach(Valued(number), "a short outside 16 bits");
  v2::DataTypeParams params;
  params.set_string_byte_length(3);
  Column(v2::STRING, params);
  Fine(Valued(Text("abc")));
  Breach(Valued(Text("abcd")), "a string longer than 3 bytes");
}

TEST_F(StreamContractTest, RecordWithoutItsSchemaNameIsABreach) {
  StartResumed();
  v2::UpdateResponse message = Batch({Person(1, "n")});
  message.mutable_records()->mutable_records(0)->clear_schema_name();
  Breach(message, "names no schema");
}

TEST_F(StreamContractTest, LoneRecordIsHeldToTheSameRules) {
  StartResumed();
  v2::UpdateResponse message;
  *message.mutable_record() = Person(1, "n");
  Fine(message);
  EXPECT_EQ(contract_->rows().size(), 1u);
  message.mutable_record()->set_table_name("nowhere");
  Breach(message, "neither Schema nor a schema change has named");
}

TEST_F(StreamContractTest, UnknownRecordTypeIsABreach) {
  StartResumed();
  v2::UpdateResponse message = Batch({Person(1, "n")});
  message.mutable_records()->mutable_records(0)->set_type(static_cast<v2::RecordType>(9));
  Breach(message, "of unknown type 9");
}

TEST(CatalogTest, SchemaThatContradictsItselfIsRefused) {
  const auto refused = [](const v2::SchemaList& list) {
    return std::string(Catalog{SelectionRules()}.Merge(list).message());
  };
  EXPECT_THAT(refused(MainSchema({MakeTable("t", {{"a", v2::LONG}, {"a", v2::LONG}})})),
              HasSubstr("column a of main.t is listed twice"));
  EXPECT_THAT(refused(MainSchema({MakeTable("t", {}), MakeTable("t", {})})),
              HasSubstr("table main.t is listed twice"));
  EXPECT_THAT(refused(MainSchema({MakeTable("t", {{"", v2::LONG}})})),
              HasSubstr("nameless column"));
  EXPECT_THAT(refused(MainSchema({MakeTable("", {})})), HasSubstr("a table has no name"));
  v2::SchemaList nameless;
  nameless.add_schemas();
  EXPECT_THAT(refused(nameless), HasSubstr("a schema has no name"));
}

}  // namespace
}  // namespace tributary::tester
