// Selections and configurations that a correct client would not send, each with its answer.
#include <gmock/gmock.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include "supervisor/request/connection.h"
#include "tests/supervisor/request/catalogs.h"
#include "tests/supervisor/request/setups.h"

namespace tributary {
namespace {

using testing::HasSubstr;

TEST(BadSelection, EachIsRefusedAndSaysWhatIsWrongAndWhatToDo) {
  const struct {
    const char* name;
    const char* text;
    const char* fragment;
  } cases[] = {
      {"without_schema", R"(without_schema { include_new_tables: true })",
       "the source has schemas"},
      {"without_schema_empty", "without_schema { }", "the source has schemas"},
      {"without_schema_tables", R"(without_schema { tables { table_name: "t" included: true } })",
       "send `with_schema`"},
      {"schema_included_and_not", R"(with_schema {
          schemas { schema_name: "main" included: true }
          schemas { schema_name: "main" included: false } })",
       "schema main"},
      {"schema_not_included_and_then", R"(with_schema {
          schemas { schema_name: "main" included: false }
          schemas { schema_name: "other" included: true }
          schemas { schema_name: "main" included: true } })",
       "schema main"},
      {"new_tables", R"(with_schema {
          schemas { schema_name: "main" included: true include_new_tables: true }
          schemas { schema_name: "main" included: true } })",
       "schema main"},
      {"schema_without_a_name", R"(with_schema { schemas { included: true } schemas { } })",
       "contradicting entries for schema "},
      {"table_included_and_not", R"(with_schema { schemas { schema_name: "main" included: true
          tables { table_name: "t" included: true } tables { table_name: "t" } } })",
       "table main.t"},
      {"table_in_two_entries_of_its_schema", R"(with_schema {
          schemas { schema_name: "main" included: true
                    tables { table_name: "t" included: true } }
          schemas { schema_name: "main" included: true
                    tables { table_name: "t" included: false } } })",
       "table main.t"},
      {"new_columns", R"(with_schema { schemas { schema_name: "main" included: true
          tables { table_name: "t" included: true include_new_columns: true }
          tables { table_name: "t" included: true } } })",
       "table main.t"},
      {"column_included_and_not", R"(with_schema { schemas { schema_name: "main" included: true
          tables { table_name: "t" included: true columns { key: "c" value: true } }
          tables { table_name: "t" included: true columns { key: "c" value: false } } } })",
       "a column of table main.t"},
  };
  for (const auto& [name, text, fragment] : cases) {
    SCOPED_TRACE(name);
    const fivetran_sdk::v2::Selection request = SelectionOf(text);
    const absl::Status status = Selection::Read(&request).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(fragment));
    EXPECT_THAT(std::string(status.message()), HasSubstr("reading the selection"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("send "));
  }
}

// A parsed request only has the last form, so its bytes are checked.
TEST(BadSelection, BothFormsAtOnceAreRefusedInWhateverOrder) {
  const auto check = [](const std::string& request) {
    google::protobuf::io::ArrayInputStream stream(request.data(), static_cast<int>(request.size()));
    return CheckOneForm(stream);
  };
  const auto request_with = [](const std::string& selection) {
    fivetran_sdk::v2::UpdateRequest request;
    (*request.mutable_configuration())["source"] = "sqlite";
    request.set_state_json("{}");
    std::string wire = request.SerializeAsString();
    google::protobuf::io::StringOutputStream stream(&wire);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.WriteTag(fivetran_sdk::v2::UpdateRequest::kSelectionFieldNumber << 3 | 2);
    out.WriteVarint32(static_cast<std::uint32_t>(selection.size()));
    out.WriteString(selection);
    out.Trim();
    return wire;
  };
  const std::string with =
      SelectionOf(R"(with_schema { include_new_schemas: true })").SerializeAsString();
  const std::string without =
      SelectionOf(R"(without_schema { include_new_tables: true })").SerializeAsString();
  for (const std::string& both :
       {request_with(with + without), request_with(without + with),
        request_with(with) + request_with(without), request_with(without) + request_with(with)}) {
    fivetran_sdk::v2::UpdateRequest request;
    EXPECT_TRUE(request.ParseFromString(both));
    const absl::Status status = check(both);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("send `with_schema` alone"));
  }
  for (const std::string& one : {std::string(), request_with(""), request_with(with),
                                 request_with(without), request_with(with + with)}) {
    EXPECT_TRUE(check(one).ok());
  }
}

TEST(BadSelection, ContradictionsWithinWhatIsExcludedDoNotMatter) {
  const fivetran_sdk::v2::Selection request = SelectionOf(R"(with_schema {
      schemas { schema_name: "main" included: false include_new_tables: true
                tables { table_name: "t" included: true } tables { table_name: "t" } }
      schemas { schema_name: "main" included: false }
      schemas { schema_name: "audit" included: true
                tables { table_name: "t" columns { key: "c" value: true } }
                tables { table_name: "t" include_new_columns: true
                         columns { key: "c" value: false } } } })");
  EXPECT_TRUE(Selection::Read(&request).ok());
}

TEST(BadConfiguration, EachIsRefusedAndSaysWhatIsWrongAndWhatToDo) {
  using Map = google::protobuf::Map<std::string, std::string>;
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  const struct {
    const char* name;
    Pairs configuration;
    const char* fragment;
    const char* cure;
  } cases[] = {
      {"empty", {}, "`source` is missing", "choose one of: sqlite"},
      {"no_source", {{"database_path", "a.db"}}, "`source` is missing", "choose one of: sqlite"},
      {"source_empty",
       {{"source", ""}, {"database_path", "a.db"}},
       "`source` is missing",
       "choose one of: sqlite"},
      {"source_unknown",
       {{"source", "oracle"}, {"database_path", "a.db"}},
       "`source` names no known source",
       "choose one of: sqlite"},
      {"source_case",
       {{"source", "SQLite"}, {"database_path", "a.db"}},
       "`source` names no known source",
       "choose one of: sqlite"},
      {"source_blank",
       {{"source", "sqlite "}, {"database_path", "a.db"}},
       "`source` names no known source",
       "choose one of: sqlite"},
      {"source_with_nul",
       {{"source", std::string("sqlite\0", 7)}, {"database_path", "a.db"}},
       "`source` names no known source",
       "choose one of: sqlite"},
      {"key_case",
       {{"Source", "sqlite"}, {"database_path", "a.db"}},
       "`source` is missing",
       "choose one of: sqlite"},
      {"no_path", {{"source", "sqlite"}}, "`database_path` is missing", "give the path"},
      {"path_empty",
       {{"source", "sqlite"}, {"database_path", ""}},
       "`database_path` is missing",
       "give the path"},
      {"path_with_nul",
       {{"source", "sqlite"}, {"database_path", std::string("a.db\0.txt", 9)}},
       "`database_path` holds a NUL",
       "without it"},
      {"path_of_nul",
       {{"source", "sqlite"}, {"database_path", std::string(1, '\0')}},
       "`database_path` holds a NUL",
       "without it"},
      {"path_too_long",
       {{"source", "sqlite"}, {"database_path", std::string(4096, 'p')}},
       "`database_path` is 4096 bytes long",
       "at most 4095"},
      {"path_huge",
       {{"source", "sqlite"}, {"database_path", std::string(1 << 20, 'p')}},
       "`database_path` is 1048576 bytes long",
       "at most 4095"},
  };
  for (const auto& [name, pairs, fragment, cure] : cases) {
    SCOPED_TRACE(name);
    const Map configuration(pairs.begin(), pairs.end());
    const absl::Status status = ReadConnection(OnlySqlite(), configuration).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("reading the configuration"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(fragment));
    EXPECT_THAT(std::string(status.message()), HasSubstr(cure));
  }
}

TEST(BadConfiguration, EverySourceThatMayBeChosenIsNamed) {
  EXPECT_THAT(std::string(ReadConnection(SqliteAndServer(), {}).status().message()),
              HasSubstr("choose one of: sqlite, server"));
}

TEST(BadConfiguration, TextsNeverRepeatAValue) {
  google::protobuf::Map<std::string, std::string> configuration;
  configuration["source"] = "hunter2";
  EXPECT_THAT(std::string(ReadConnection(OnlySqlite(), configuration).status().message()),
              testing::Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace tributary
