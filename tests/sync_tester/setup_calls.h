// The calls that Fivetran makes before a sync: the form, each setup test, the schema. Each function
// returns true if its calls succeeded; otherwise the tally has the reason.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_SETUP_CALLS_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_SETUP_CALLS_H_

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "proto/connector_sdk.grpc.pb.h"
#include "tests/sync_tester/catalog.h"
#include "tests/sync_tester/tally.h"

namespace tributary::tester {

class SetupCalls {
 public:
  // References outlive the object; each step is printed to `out` as a line.
  SetupCalls(const std::shared_ptr<grpc::Channel>& channel,
             const std::map<std::string, std::string>& configuration, Tally& tally,
             std::ostream& out);

  // The form, then its tests in order; stops at the first test that fails.
  bool FormAndTests();

  bool Schema(Catalog& catalog);

 private:
  bool AskForm(std::vector<std::string>& tests);
  bool RunTest(const std::string& name);
  bool Answered(const grpc::Status& status, const std::string& call);
  bool Breach(const std::string& text);

  std::unique_ptr<fivetran_sdk::v2::SourceConnector::Stub> stub_;
  const std::map<std::string, std::string>& configuration_;
  Tally& tally_;
  std::ostream& out_;
};

// Stores the connector's status in the tally.
void RecordStatus(const grpc::Status& status, Tally& tally);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_SETUP_CALLS_H_
