// A connector for the tester's own tests: a real gRPC server in this process, whose answers a test
// defines. Also short functions to write messages.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_FAKE_CONNECTOR_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_FAKE_CONNECTOR_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/connector_sdk.grpc.pb.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

// --- messages ---------------------------------------------------------------

v2::ValueType Null();
v2::ValueType Long(std::int64_t value);
v2::ValueType Text(const std::string& value);

struct NamedValue {
  std::string column;
  v2::ValueType value;
};

// A record of schema main.
v2::Record MakeRecord(v2::RecordType type, const std::string& table,
                      std::initializer_list<NamedValue> values);
// One message with these records.
v2::UpdateResponse Batch(std::initializer_list<v2::Record> records);
v2::UpdateResponse CheckpointMessage(const std::string& state);
v2::UpdateResponse WarningMessage(const std::string& text);
v2::UpdateResponse TaskMessage(const std::string& text);

// A table of schema main; the name of a key column ends in !.
struct NamedType {
  std::string column;
  v2::DataType type;
};
v2::Table MakeTable(const std::string& name, std::initializer_list<NamedType> columns);
v2::SchemaList MainSchema(std::initializer_list<v2::Table> tables);
v2::UpdateResponse SchemaChangeMessage(std::initializer_list<v2::Table> tables);

// --- the server -------------------------------------------------------------

class FakeConnector final : public v2::SourceConnector::Service {
 public:
  FakeConnector();
  ~FakeConnector() override;

  std::string address() const;

  // Its answers; set before a run.
  v2::ConfigurationFormResponse form;
  v2::SchemaResponse schema;
  // By test name; tests that are not in it succeed.
  std::vector<std::pair<std::string, std::string>> failing_tests;
  // The sync: each call sends these, then ends with `end`.
  std::vector<v2::UpdateResponse> messages;
  grpc::Status end;
  // After the messages, the call stays open until the client has gone.
  bool never_ends = false;

  // The requests that it received.
  std::vector<v2::UpdateRequest> updates() const;
  std::vector<std::string> tests_run() const;

 private:
  grpc::Status ConfigurationForm(grpc::ServerContext*, const v2::ConfigurationFormRequest*,
                                 v2::ConfigurationFormResponse* answer) override;
  grpc::Status Test(grpc::ServerContext*, const v2::TestRequest* request,
                    v2::TestResponse* answer) override;
  grpc::Status Schema(grpc::ServerContext*, const v2::SchemaRequest*,
                      v2::SchemaResponse* answer) override;
  grpc::Status Update(grpc::ServerContext* call, const v2::UpdateRequest* request,
                      grpc::ServerWriter<v2::UpdateResponse>* stream) override;

  mutable std::mutex mutex_;
  std::vector<v2::UpdateRequest> updates_;
  std::vector<std::string> tests_run_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_FAKE_CONNECTOR_H_
