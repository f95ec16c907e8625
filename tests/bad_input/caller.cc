#include "tests/bad_input/caller.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdlib>
#include <future>
#include <iostream>

#include "tests/process/database.h"

namespace tributary::tests {

namespace sdk = fivetran_sdk::v2;

namespace {

constexpr auto kDeadline = std::chrono::seconds(60);

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
}

}  // namespace

Caller& Caller::Get() {
  static Caller caller("");
  return caller;
}

Caller& Caller::OfTheWholeSystem() {
  static Caller caller("/");
  return caller;
}

Caller::Caller(const std::string& sqlite_root)
    : connector_({.sqlite_root = sqlite_root.empty() ? root_.path() : sqlite_root,
                  .staging_dir = root_ / "staging",
                  .flags = {"--max-syncs", "2"}}) {
  Database(root_ / "good.db")
      .Run(
          "CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, age INTEGER);"
          "CREATE TABLE notes(id INTEGER PRIMARY KEY, text TEXT);"
          "INSERT INTO people VALUES (1,'a',30),(2,'b',40);"
          "INSERT INTO notes VALUES (1,'x')");
  const absl::Status started = connector_.Start();
  if (!started.ok()) {
    std::cerr << started << std::endl;
    std::abort();
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  channel_ = grpc::CreateCustomChannel(connector_.address(), grpc::InsecureChannelCredentials(),
                                       arguments);
  stub_ = sdk::SourceConnector::NewStub(channel_);
}

std::string Caller::Test(const std::string& name, const Configuration& configuration,
                         grpc::Status* status) {
  sdk::TestRequest request;
  request.set_name(name);
  request.mutable_configuration()->insert(configuration.begin(), configuration.end());
  sdk::TestResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  const grpc::Status done = stub_->Test(&context, request, &response);
  if (status != nullptr) *status = done;
  return done.ok() ? response.failure() : "call failed: " + done.error_message();
}

grpc::Status Caller::Schema(const Configuration& configuration, sdk::SchemaResponse* response) {
  sdk::SchemaRequest request;
  request.mutable_configuration()->insert(configuration.begin(), configuration.end());
  sdk::SchemaResponse ignored;
  grpc::ClientContext context;
  SetDeadline(context);
  return stub_->Schema(&context, request, response == nullptr ? &ignored : response);
}

sdk::UpdateRequest Caller::GoodUpdate() const {
  sdk::UpdateRequest request;
  const Configuration good = Good();
  request.mutable_configuration()->insert(good.begin(), good.end());
  return request;
}

UpdateAnswer Caller::Update(const sdk::UpdateRequest& request) {
  UpdateAnswer answer;
  grpc::ClientContext context;
  SetDeadline(context);
  auto reader = stub_->Update(&context, request);
  sdk::UpdateResponse response;
  while (reader->Read(&response)) {
    if (response.has_task()) answer.tasks.push_back(response.task().message());
    if (response.has_warning()) answer.warnings.push_back(response.warning().message());
    if (response.has_checkpoint()) answer.states.push_back(response.checkpoint().state_json());
    const auto& records = response.records().records();
    answer.records.insert(answer.records.end(), records.begin(), records.end());
  }
  answer.status = reader->Finish();
  return answer;
}

BytesAnswer Caller::CallWithBytes(const std::string& method, const std::string& request) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  SetDeadline(context);
  grpc::Slice slice(request);
  grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer received;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/fivetran_sdk.v2.SourceConnector/" + method, {}, &sent, &received,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  BytesAnswer answer;
  answer.status = done.get_future().get();
  std::vector<grpc::Slice> pieces;
  if (received.Valid() && received.Dump(&pieces).ok()) {
    for (const grpc::Slice& piece : pieces) {
      answer.message.append(reinterpret_cast<const char*>(piece.begin()), piece.size());
    }
  }
  return answer;
}

const std::string& Caller::GoodState() {
  if (good_state_.empty()) good_state_ = Update(GoodUpdate()).states.back();
  return good_state_;
}

bool Caller::StillServes() {
  sdk::ConfigurationFormResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  return connector_.running() && stub_->ConfigurationForm(&context, {}, &response).ok();
}

}  // namespace tributary::tests
