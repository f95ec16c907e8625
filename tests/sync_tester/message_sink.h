// Who takes the sync's messages one by one: the warehouse, or a counter.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_MESSAGE_SINK_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_MESSAGE_SINK_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "tests/sync_tester/options.h"
#include "tests/sync_tester/tally.h"

namespace tributary::tester {

class MessageSink {
 public:
  virtual ~MessageSink() = default;

  // False: the sync must stop; why stands in the tally.
  virtual bool Take(grpc::ByteBuffer& message) = 0;

  // The stream has ended. `complete`: with OK and by the connector's own will.
  virtual void End(bool complete) = 0;
};

// Writes the state of each checkpoint into the state file, or of the one that
// was asked for. Its caller has made durable what the checkpoint covers.
class StateKeeper {
 public:
  StateKeeper(const SyncOptions& options, Tally& tally) : options_(options), tally_(tally) {}

  // The checkpoint is counted in the tally already.
  absl::Status Keep(const std::string& state);

 private:
  const SyncOptions& options_;
  Tally& tally_;
};

// Ends the run with this verdict, unless it has one.
void Fail(Tally& tally, Verdict verdict, const std::string& text);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_MESSAGE_SINK_H_
