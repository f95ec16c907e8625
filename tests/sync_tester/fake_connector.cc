#include "tests/sync_tester/fake_connector.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tributary::tester {

v2::ValueType Null() {
  v2::ValueType value;
  value.set_null(true);
  return value;
}

v2::ValueType Long(std::int64_t number) {
  v2::ValueType value;
  value.set_long_(number);
  return value;
}

v2::ValueType Text(const std::string& text) {
  v2::ValueType value;
  value.set_string(text);
  return value;
}

v2::Record MakeRecord(v2::RecordType type, const std::string& table,
                      std::initializer_list<NamedValue> values) {
  v2::Record record;
  record.set_schema_name("main");
  record.set_table_name(table);
  record.set_type(type);
  for (const NamedValue& value : values) (*record.mutable_data())[value.column] = value.value;
  return record;
}

v2::UpdateResponse Batch(std::initializer_list<v2::Record> records) {
  v2::UpdateResponse message;
  for (const v2::Record& record : records) *message.mutable_records()->add_records() = record;
  return message;
}

v2::UpdateResponse CheckpointMessage(const std::string& state) {
  v2::UpdateResponse message;
  message.mutable_checkpoint()->set_state_json(state);
  return message;
}

v2::UpdateResponse WarningMessage(const std::string& text) {
  v2::UpdateResponse message;
  message.mutable_warning()->set_message(text);
  return message;
}

v2::UpdateResponse TaskMessage(const std::string& text) {
  v2::UpdateResponse message;
  message.mutable_task()->set_message(text);
  return message;
}

v2::Table MakeTable(const std::string& name, std::initializer_list<NamedType> columns) {
  v2::Table table;
  table.set_name(name);
  for (const NamedType& named : columns) {
    v2::Column* column = table.add_columns();
    const bool key = !named.column.empty() && named.column.back() == '!';
    column->set_name(key ? named.column.substr(0, named.column.size() - 1) : named.column);
    column->set_primary_key(key);
    column->set_type(named.type);
  }
  return table;
}

v2::SchemaList MainSchema(std::initializer_list<v2::Table> tables) {
  v2::SchemaList list;
  v2::Schema* schema = list.add_schemas();
  schema->set_name("main");
  for (const v2::Table& table : tables) *schema->add_tables() = table;
  return list;
}

v2::UpdateResponse SchemaChangeMessage(std::initializer_list<v2::Table> tables) {
  v2::UpdateResponse message;
  *message.mutable_schema_change()->mutable_with_schema() = MainSchema(tables);
  return message;
}

FakeConnector::FakeConnector() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  builder.SetMaxReceiveMessageSize(-1);
  server_ = builder.BuildAndStart();
}

FakeConnector::~FakeConnector() { server_->Shutdown(); }

std::string FakeConnector::address() const { return absl::StrCat("127.0.0.1:", port_); }

std::vector<v2::UpdateRequest> FakeConnector::updates() const {
  const std::lock_guard lock(mutex_);
  return updates_;
}

std::vector<std::string> FakeConnector::tests_run() const {
  const std::lock_guard lock(mutex_);
  return tests_run_;
}

grpc::Status FakeConnector::ConfigurationForm(grpc::ServerContext*,
                                              const v2::ConfigurationFormRequest*,
                                              v2::ConfigurationFormResponse* answer) {
  *answer = form;
  return grpc::Status::OK;
}

grpc::Status FakeConnector::Test(grpc::ServerContext*, const v2::TestRequest* request,
                                 v2::TestResponse* answer) {
  const std::lock_guard lock(mutex_);
  tests_run_.push_back(request->name());
  answer->set_success(true);
  for (const auto& [name, text] : failing_tests) {
    if (name == request->name()) answer->set_failure(text);
  }
  return grpc::Status::OK;
}

grpc::Status FakeConnector::Schema(grpc::ServerContext*, const v2::SchemaRequest*,
                                   v2::SchemaResponse* answer) {
  *answer = schema;
  return grpc::Status::OK;
}

grpc::Status FakeConnector::Update(grpc::ServerContext* call, const v2::UpdateRequest* request,
                                   grpc::ServerWriter<v2::UpdateResponse>* stream) {
  {
    const std::lock_guard lock(mutex_);
    updates_.push_back(*request);
  }
  for (const v2::UpdateResponse& message : messages) {
    if (!stream->Write(message)) return grpc::Status::CANCELLED;
  }
  while (never_ends && !call->IsCancelled()) absl::SleepFor(absl::Milliseconds(1));
  return end;
}

}  // namespace tributary::tester
