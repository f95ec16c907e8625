// Calls the real connector like any client, also with requests that a correct client would not
// make.
#ifndef TRIBUTARY_TESTS_BAD_INPUT_CALLER_H_
#define TRIBUTARY_TESTS_BAD_INPUT_CALLER_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/connector_sdk.grpc.pb.h"
#include "tests/process/connector.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {

using Configuration = std::map<std::string, std::string>;

// The result of an Update.
struct UpdateAnswer {
  grpc::Status status;
  std::vector<std::string> tasks;
  std::vector<std::string> warnings;
  std::vector<std::string> states;
  std::vector<fivetran_sdk::v2::Record> records;
};

// The result of a call whose request was given as bytes.
struct BytesAnswer {
  grpc::Status status;
  // The answer's only message, if there is one.
  std::string message;
};

// One connector for all cases of a program: if a case breaks it, the cases after it fail.
class Caller {
 public:
  static Caller& Get();
  // A connector whose --sqlite-root is the root of the file system, so that a file is refused
  // because of its kind and not because of its place.
  static Caller& OfTheWholeSystem();

  // A folder with good.db, which has the tables main.people (id, name, age) and
  // main.notes (id, text).
  const TempDir& root() const { return root_; }
  Configuration Good() const { return {{"source", "sqlite"}, {"database_path", "good.db"}}; }

  // The text of the failure; empty if the test passed.
  std::string Test(const std::string& name, const Configuration& configuration,
                   grpc::Status* status = nullptr);
  grpc::Status Schema(const Configuration& configuration,
                      fivetran_sdk::v2::SchemaResponse* response = nullptr);
  UpdateAnswer Update(const fivetran_sdk::v2::UpdateRequest& request);
  fivetran_sdk::v2::UpdateRequest GoodUpdate() const;
  // Sends any bytes as the request: `method` is for example "Update". An answer of several messages
  // is an error.
  BytesAnswer CallWithBytes(const std::string& method, const std::string& request);
  // The state after a complete sync of good.db.
  const std::string& GoodState();

  fivetran_sdk::v2::SourceConnector::Stub& stub() { return *stub_; }
  const Connector& connector() const { return connector_; }
  bool StillServes();

 private:
  // Empty: root() is used.
  explicit Caller(const std::string& sqlite_root);

  TempDir root_;
  Connector connector_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<fivetran_sdk::v2::SourceConnector::Stub> stub_;
  std::string good_state_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_BAD_INPUT_CALLER_H_
