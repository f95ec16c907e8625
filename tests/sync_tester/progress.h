// The live display of a run: on a terminal a few lines that are drawn again in place, otherwise one
// line every few seconds.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_PROGRESS_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_PROGRESS_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/sync_tester/tally.h"

namespace tributary::tester {

enum class ProgressStyle { kNone, kLines, kLive };

class Progress {
 public:
  // `out` outlives it.
  Progress(std::ostream& out, ProgressStyle style) : out_(out), style_(style) {}

  // May be called for each message: it draws only when it is due.
  void Tick(const Tally& tally);

  // Removes the live lines, so that the report is printed in their place.
  void Clear();

  // How long a caller may wait for a message before it calls Tick again.
  absl::Duration Interval() const;

 private:
  struct Sample {
    absl::Duration at;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
  };

  void MoveUp();
  std::vector<std::string> Lines(const Tally& tally) const;

  std::ostream& out_;
  const ProgressStyle style_;
  // The sample from which current rates are computed.
  Sample before_;
  std::size_t lines_drawn_ = 0;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_PROGRESS_H_
