#include "tests/sync_tester/message_sink.h"

#include "tests/sync_tester/state_file.h"

namespace tributary::tester {

absl::Status StateKeeper::Keep(const std::string& state) {
  if (options_.state_file.empty()) return absl::OkStatus();
  if (options_.save_checkpoint != 0 && options_.save_checkpoint != tally_.checkpoints) {
    return absl::OkStatus();
  }
  absl::Status written = WriteState(options_.state_file, state);
  if (written.ok()) ++tally_.states_saved;
  return written;
}

void Fail(Tally& tally, Verdict verdict, const std::string& text) {
  if (tally.verdict != Verdict::kFine) return;
  tally.verdict = verdict;
  (verdict == Verdict::kBreach ? tally.breach : tally.error) = text;
}

}  // namespace tributary::tester
