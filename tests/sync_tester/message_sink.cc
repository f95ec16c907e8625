#include "tests/sync_tester/message_sink.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "tests/sync_tester/state_file.h"

namespace tributary::tester {

absl::Status StateKeeper::Keep(const std::string& state) {
  if (!options_.checkpoint_log.empty()) {
    std::ofstream log(options_.checkpoint_log, std::ios::app);
    log << nlohmann::json{{"rows", tally_.records - tally_.truncates}, {"state", state}}.dump()
        << std::endl;
    if (!log) {
      return absl::UnavailableError(
          absl::StrCat("append to ", options_.checkpoint_log, ": it cannot be written"));
    }
  }
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
