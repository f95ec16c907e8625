// The cost of the stages within one thread, measured with the same code on a sample of a sync's own
// stream: a thread's CPU is divided in these proportions.
#ifndef TRIBUTARY_TESTS_BENCH_STAGES_H_
#define TRIBUTARY_TESTS_BENCH_STAGES_H_

#include <string>
#include <vector>

namespace tributary::bench {

// CPU seconds for the sample.
struct StageCosts {
  // In a worker: from values to wire bytes in a ring.
  double encode = 0;
  // In the stager.
  double gather = 0;
  double compress = 0;
  double encrypt = 0;
  double leveldb = 0;
  // The size of the sample.
  double rows = 0;
  double wire_bytes = 0;

  double staging() const { return gather + compress + encrypt + leveldb; }
};

// `messages` are UpdateResponses with rows; segments are written to `folder` and removed.
StageCosts MeasureStages(const std::vector<std::string>& messages, const std::string& folder);

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_STAGES_H_
