#include "tests/promises/recording.h"

#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "tests/sync_tester/connector_client.h"

namespace tributary::tests {
namespace {

namespace sdk = fivetran_sdk::v2;

// Empty if there are none.
std::string BytesOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) return "";
  return {slice.begin(), slice.end()};
}

}  // namespace

std::vector<sdk::RecordType> Recording::OperationsOn(const std::string& table) const {
  std::vector<sdk::RecordType> operations;
  const auto add = [&](const sdk::Record& record) {
    if (record.table_name() == table) operations.push_back(record.type());
  };
  for (const Message& message : messages) {
    if (message.says.has_record()) add(message.says.record());
    for (const sdk::Record& record : message.says.records().records()) add(record);
  }
  return operations;
}

std::string Recording::last_state() const {
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    if (message->says.has_checkpoint()) return message->says.checkpoint().state_json();
  }
  return "";
}

std::vector<std::string> Recording::BatchesBetween(const std::string& from,
                                                   const std::string& to) const {
  std::vector<std::string> batches;
  std::size_t wanted = 0;
  bool begun = from.empty();
  for (const Message& message : messages) {
    if (!message.says.has_checkpoint()) {
      if (begun) batches.push_back(message.bytes);
      continue;
    }
    const std::string& state = message.says.checkpoint().state_json();
    begun = begun || state == from;
    if (state == to) wanted = batches.size();
  }
  if (!to.empty()) batches.resize(wanted);
  return batches;
}

Recording Record(const RecordOptions& options) {
  Recording recording;
  const auto channel = tester::OpenChannel(options.address, {});
  if (!channel.ok()) {
    recording.status = {grpc::StatusCode::UNKNOWN, channel.status().ToString()};
    return recording;
  }
  sdk::UpdateRequest request;
  (*request.mutable_configuration())["source"] = "sqlite";
  (*request.mutable_configuration())["database_path"] = options.source;
  if (!options.state.empty()) request.set_state_json(options.state);
  if (options.selection.has_value()) *request.mutable_selection() = *options.selection;
  tester::UpdateStream stream(*channel, request, std::nullopt);
  absl::Duration patience = absl::InfiniteDuration();
  for (;;) {
    grpc::ByteBuffer buffer;
    const auto event = stream.Read(buffer, patience);
    if (event == tester::UpdateStream::Event::kNothingYet) stream.Cancel();
    if (event != tester::UpdateStream::Event::kMessage) break;
    Message message{.bytes = BytesOf(buffer), .says = {}};
    if (!message.says.ParseFromString(message.bytes)) {
      recording.status = {grpc::StatusCode::DATA_LOSS, "a message that cannot be parsed"};
      return recording;
    }
    recording.messages.push_back(std::move(message));
    if (recording.messages.size() == 1) std::this_thread::sleep_for(options.stands_still);
    const sdk::UpdateResponse& says = recording.messages.back().says;
    if (says.has_checkpoint() && options.patience.has_value()) {
      patience = absl::FromChrono(*options.patience);
    }
    if (says.has_checkpoint() && options.at_checkpoint != nullptr &&
        !options.at_checkpoint(says.checkpoint().state_json())) {
      stream.Cancel();
      break;
    }
  }
  recording.status = stream.Finish();
  return recording;
}

}  // namespace tributary::tests
