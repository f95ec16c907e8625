#include "tests/simulation/lives.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tributary::simulation {

void Figures::Count(const SyncResult& result) {
  ++syncs;
  kills += result.killed ? 1 : 0;
  replays += result.replayed ? 1 : 0;
  messages += result.received.size();
  staged_checkpoints += result.staged_checkpoints;
}

std::string Figures::Text() const {
  return absl::StrCat(syncs, " syncs, ", kills, " of them killed, ", replays, " with a replay; ",
                      messages, " messages, ", checkpoints, " checkpoints, the staging of ",
                      staged_checkpoints, " looked at");
}

SilentStdout::SilentStdout() : kept_(::dup(STDOUT_FILENO)) {
  std::fflush(stdout);
  const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nothing, STDOUT_FILENO);
  ::close(nothing);
}

SilentStdout::~SilentStdout() {
  ::dup2(kept_, STDOUT_FILENO);
  ::close(kept_);
}

std::pair<std::uint64_t, std::uint64_t> SeedsToRun(std::uint64_t count) {
  const char* text = std::getenv("TRIBUTARY_SIMULATION_SEEDS");
  if (text == nullptr) return {1, count};
  char* rest = nullptr;
  const std::uint64_t first = std::strtoull(text, &rest, 10);
  return {first, *rest == '-' ? std::strtoull(rest + 1, nullptr, 10) : first};
}

bool IsComplete(const SyncResult& result, const std::vector<std::string>& tables) {
  for (auto at = result.received.rbegin(); at != result.received.rend(); ++at) {
    if ((*at)->kind != Message::Kind::kCheckpoint) continue;
    const State state = *ParseState((*at)->text);
    return std::all_of(tables.begin(), tables.end(), [&state](const std::string& table) {
      const auto entry = state.tables.find({"main", table});
      return entry != state.tables.end() && entry->second.phase == Phase::kLive;
    });
  }
  return false;
}

bool TellsOfTables(const SyncResult& result) {
  return std::any_of(result.received.begin(), result.received.end(), [](const MessagePtr& message) {
    return message->kind == Message::Kind::kTask || (message->kind == Message::Kind::kWarning &&
                                                     absl::StrContains(message->text, "put aside"));
  });
}

}  // namespace tributary::simulation
