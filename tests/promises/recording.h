// One sync as its client receives it: all messages of the stream, in order.
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
  // As it is on the wire; `says` is the parsed message.
  std::string bytes;
  fivetran_sdk::v2::UpdateResponse says;
};

struct Recording {
  std::vector<Message> messages;
  grpc::Status status;

  // The operations of all records for a table, in order.
  std::vector<fivetran_sdk::v2::RecordType> OperationsOn(const std::string& table) const;
  // The state of the last checkpoint; empty: there was none.
  std::string last_state() const;
  // All messages except checkpoints, as bytes on the wire, after the first checkpoint with the
  // state `from` and before the last one with the state `to`. Empty: from the start, to the end.
  std::vector<std::string> BatchesBetween(const std::string& from, const std::string& to) const;
};

struct RecordOptions {
  std::string address = {};
  // A SQLite file.
  std::string source = {};
  std::string state = {};
  std::optional<fivetran_sdk::v2::Selection> selection = std::nullopt;
  // How long it stops reading after the first message.
  std::chrono::milliseconds stands_still{0};
  // After the first checkpoint: if there is no message for this time, the client cancels and the
  // recording ends.
  std::optional<std::chrono::milliseconds> patience = std::nullopt;
  // Called with each state; false: the client cancels and the recording ends.
  std::function<bool(const std::string& state)> at_checkpoint = nullptr;
};

// Records until the stream's end. If the connector cannot be reached, the status says so.
Recording Record(const RecordOptions& options);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROMISES_RECORDING_H_
