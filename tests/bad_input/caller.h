// Calls the real connector as any client could, with requests that no sound client
// would make.
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

// What became of an Update.
struct UpdateAnswer {
  grpc::Status status;
  std::vector<std::string> tasks;
  std::vector<std::string> warnings;
  std::vector<std::string> states;
  std::vector<fivetran_sdk::v2::Record> records;
};

// What became of a call whose request was bytes.
struct BytesAnswer {
  grpc::Status status;
  // The only message of the answer, where there is one.
  std::string message;
};

// One connector for all cases of a program: a case that broke it would fail those
// that come after it.
class Caller {
 public:
  static Caller& Get();
  // Another, whose --sqlite-root is the whole system, so that files are refused for
  // what they are and not for where they lie.
  static Caller& OfTheWholeSystem();

  // A folder with good.db, which has the tables main.people (id, name, age) and
  // main.notes (id, text).
  const TempDir& root() const { return root_; }
  Configuration Good() const { return {{"source", "sqlite"}, {"database_path", "good.db"}}; }

  // The failure's text; empty where the test passed.
  std::string Test(const std::string& name, const Configuration& configuration,
                   grpc::Status* status = nullptr);
  grpc::Status Schema(const Configuration& configuration,
                      fivetran_sdk::v2::SchemaResponse* response = nullptr);
  UpdateAnswer Update(const fivetran_sdk::v2::UpdateRequest& request);
  fivetran_sdk::v2::UpdateRequest GoodUpdate() const;
  // Any bytes for a request: `method` is "Update". An answer of several messages is an
  // error here.
  BytesAnswer CallWithBytes(const std::string& method, const std::string& request);
  // The state of a whole sync of good.db.
  const std::string& GoodState();

  fivetran_sdk::v2::SourceConnector::Stub& stub() { return *stub_; }
  const Connector& connector() const { return connector_; }
  bool StillServes();

 private:
  // Empty: the folder that root() names.
  explicit Caller(const std::string& sqlite_root);

  TempDir root_;
  Connector connector_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<fivetran_sdk::v2::SourceConnector::Stub> stub_;
  std::string good_state_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_BAD_INPUT_CALLER_H_
