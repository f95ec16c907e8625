// The receiver of the sync's messages: the warehouse, or a counter.
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

  // False: the sync must stop; the tally says why.
  virtual bool Take(grpc::ByteBuffer& message) = 0;

  // The stream has ended. `complete`: with OK, and not because the tester stopped it.
  virtual void End(bool complete) = 0;
};

// Writes the state of each checkpoint, or only of the requested one, to the state file. The caller
// has already saved what the checkpoint covers.
class StateKeeper {
 public:
  StateKeeper(const SyncOptions& options, Tally& tally) : options_(options), tally_(tally) {}

  // The tally has already counted the checkpoint.
  absl::Status Keep(const std::string& state);

 private:
  const SyncOptions& options_;
  Tally& tally_;
};

// Ends the run with this verdict, unless it already has one.
void Fail(Tally& tally, Verdict verdict, const std::string& text);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_MESSAGE_SINK_H_
