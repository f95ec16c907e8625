// What the stages inside one thread cost, measured on a sample of a sync's own
// stream with the same code: a thread's CPU is split in this proportion.
#ifndef TRIBUTARY_TESTS_BENCH_STAGES_H_
#define TRIBUTARY_TESTS_BENCH_STAGES_H_

#include <string>
#include <vector>

namespace tributary::bench {

// CPU seconds for the sample.
struct StageCosts {
  // In a worker: values to wire bytes in a ring.
  double encode = 0;
  // In the stager.
  double gather = 0;
  double compress = 0;
  double encrypt = 0;
  double leveldb = 0;
  // What was measured.
  double rows = 0;
  double wire_bytes = 0;

  double staging() const { return gather + compress + encrypt + leveldb; }
};

// `messages` are UpdateResponses with rows; segments are written into `folder`
// and removed.
StageCosts MeasureStages(const std::vector<std::string>& messages, const std::string& folder);

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_STAGES_H_
