// Takes messages as fast as they arrive: counts bytes, messages and records, saves the states of
// checkpoints, and decodes nothing else. It measures and does not check.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_DRAIN_SINK_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_DRAIN_SINK_H_

#include <grpcpp/support/slice.h>

#include <string_view>
#include <vector>

#include "tests/sync_tester/message_sink.h"
#include "tests/sync_tester/wire_count.h"

namespace tributary::tester {

class DrainSink : public MessageSink {
 public:
  // Both outlive the sink.
  DrainSink(const SyncOptions& options, Tally& tally) : tally_(tally), states_(options, tally) {}

  bool Take(grpc::ByteBuffer& message) override;
  void End(bool) override {}

 private:
  // Messages other than records: they are rare, and decoded.
  bool TakeOther(grpc::ByteBuffer& message);

  Tally& tally_;
  StateKeeper states_;
  std::vector<grpc::Slice> slices_;
  std::vector<std::string_view> pieces_;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_DRAIN_SINK_H_
