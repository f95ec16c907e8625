#include "tests/sync_tester/setup_calls.h"

#include <chrono>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/sync_tester/message_sink.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

constexpr std::chrono::minutes kCallLimit{10};

void SetDeadline(grpc::ClientContext& call) {
  call.set_deadline(std::chrono::system_clock::now() + kCallLimit);
}

}  // namespace

void RecordStatus(const grpc::Status& status, Tally& tally) {
  tally.grpc_number = static_cast<int>(status.error_code());
  tally.grpc_code = absl::StatusCodeToString(static_cast<absl::StatusCode>(tally.grpc_number));
  tally.grpc_message = status.error_message();
}

SetupCalls::SetupCalls(const std::shared_ptr<grpc::Channel>& channel,
                       const std::map<std::string, std::string>& configuration, Tally& tally,
                       std::ostream& out)
    : stub_(v2::SourceConnector::NewStub(channel)),
      configuration_(configuration),
      tally_(tally),
      out_(out) {}

bool SetupCalls::Answered(const grpc::Status& status, const std::string& call) {
  if (status.ok()) return true;
  RecordStatus(status, tally_);
  Fail(tally_, Verdict::kConnectorError, absl::StrCat(call, " was answered with an error"));
  return false;
}

bool SetupCalls::Breach(const std::string& text) {
  Fail(tally_, Verdict::kBreach, text);
  return false;
}

bool SetupCalls::FormAndTests() {
  std::vector<std::string> tests;
  if (!AskForm(tests)) return false;
  for (const std::string& test : tests) {
    if (!RunTest(test)) return false;
  }
  return true;
}

bool SetupCalls::AskForm(std::vector<std::string>& tests) {
  grpc::ClientContext call;
  SetDeadline(call);
  v2::ConfigurationFormResponse form;
  const grpc::Status status =
      stub_->ConfigurationForm(&call, v2::ConfigurationFormRequest(), &form);
  if (!Answered(status, "ConfigurationForm")) return false;
  std::vector<std::string> fields;
  for (const v2::FormField& field : form.fields()) {
    if (field.type_case() == v2::FormField::TYPE_NOT_SET) {
      return Breach(absl::StrCat("ConfigurationForm: field ", field.name(), " has no type"));
    }
    const bool conditional = field.has_conditional_fields();
    if (field.name().empty() && !conditional) {
      return Breach("ConfigurationForm: a field has no name");
    }
    fields.push_back(field.name());
  }
  for (const v2::ConfigurationTest& test : form.tests()) {
    if (test.name().empty()) return Breach("ConfigurationForm: a setup test has no name");
    tests.push_back(test.name());
  }
  out_ << "form: " << absl::StrJoin(fields, ", ") << std::endl;
  return true;
}

bool SetupCalls::RunTest(const std::string& name) {
  grpc::ClientContext call;
  SetDeadline(call);
  v2::TestRequest request;
  request.set_name(name);
  request.mutable_configuration()->insert(configuration_.begin(), configuration_.end());
  v2::TestResponse answer;
  if (!Answered(stub_->Test(&call, request, &answer), absl::StrCat("Test ", name))) return false;
  if (answer.response_case() == v2::TestResponse::RESPONSE_NOT_SET) {
    return Breach(absl::StrCat("Test ", name, ": the answer says neither success nor failure"));
  }
  if (answer.has_failure() || !answer.success()) {
    out_ << "setup test " << name << ": FAILED" << std::endl;
    Fail(tally_, Verdict::kConnectorError,
         absl::StrCat("setup test ", name, " failed: ", answer.failure()));
    return false;
  }
  out_ << "setup test " << name << ": passed" << std::endl;
  return true;
}

bool SetupCalls::Schema(Catalog& catalog) {
  grpc::ClientContext call;
  SetDeadline(call);
  v2::SchemaRequest request;
  request.mutable_configuration()->insert(configuration_.begin(), configuration_.end());
  v2::SchemaResponse answer;
  if (!Answered(stub_->Schema(&call, request, &answer), "Schema")) return false;
  absl::Status merged = absl::FailedPreconditionError("the answer holds no tables and no schemas");
  if (answer.has_with_schema()) merged = catalog.Merge(answer.with_schema());
  if (answer.has_without_schema()) merged = catalog.Merge(answer.without_schema());
  if (!merged.ok()) return Breach(absl::StrCat("Schema: ", merged.message()));
  std::size_t columns = 0;
  for (const auto& table : catalog.tables()) columns += table->columns.size();
  out_ << "schema: " << catalog.tables().size() << " tables with " << columns << " columns, "
       << catalog.SelectedTables() << " tables selected" << std::endl;
  return true;
}

}  // namespace tributary::tester
