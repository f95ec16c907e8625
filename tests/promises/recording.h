// One sync as its client gets it: every message of the stream, in its order.
#ifndef TRIBUTARY_TESTS_PROMISES_RECORDING_H_
#define TRIBUTARY_TESTS_PROMISES_RECORDING_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "proto/connector_sdk.pb.h"

namespace tributary::tests {

struct Message {
  // As it is on the wire, and what that says.
  std::string bytes;
  fivetran_sdk::v2::UpdateResponse says;
};

struct Recording {
  std::vector<Message> messages;
  grpc::Status status;

  // Of the records for a table, in their order.
  std::vector<fivetran_sdk::v2::RecordType> OperationsOn(const std::string& table) const;
  // The state of the last checkpoint; empty: there is none.
  std::string last_state() const;
  // What is no checkpoint, on the wire: all that comes behind the first checkpoint
  // that says `from` and before the last one that says `to`. Empty texts: from the
  // start, to the end.
  std::vector<std::string> BatchesBetween(const std::string& from, const std::string& to) const;
};

struct RecordOptions {
  std::string address = {};
  // A SQLite file.
  std::string source = {};
  std::string state = {};
  std::optional<fivetran_sdk::v2::Selection> selection = std::nullopt;
  // Reads nothing for so long, behind the first message.
  std::chrono::milliseconds stands_still{0};
  // Behind the first checkpoint: after so long without a message the client cancels, and
  // the recording ends there.
  std::optional<std::chrono::milliseconds> patience = std::nullopt;
  // Told of each state; false: the client cancels, and the recording ends there.
  std::function<bool(const std::string& state)> at_checkpoint = nullptr;
};

// Syncs to the stream's end. Where the connector cannot be reached the status says so.
Recording Record(const RecordOptions& options);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROMISES_RECORDING_H_
