#include "tests/crash/older_states.h"

#include <filesystem>
#include <string>

namespace tributary::tests {

namespace fs = std::filesystem;

OlderStates::Choice OlderStates::Choose(Dice& dice) {
  const bool older = dice.OneIn(8);
  const bool warehouse_too = dice.OneIn(2);
  if (dice.OneIn(40)) {
    fs::remove(scene_.state());
    // The rows that it claims are deleted by the re-sync's TRUNCATEs; no client has such a state
    // any longer.
    kept_ = false;
    return Choice::kNone;
  }
  if (older && kept_) {
    PutBack(warehouse_too);
    return Choice::kOlder;
  }
  if (dice.OneIn(6)) Keep();
  return Choice::kLast;
}

void OlderStates::Keep() {
  if (!fs::exists(scene_.state()) || !fs::exists(scene_.warehouse())) return;
  fs::copy_file(scene_.state(), scene_.dir() / "older.json", fs::copy_options::overwrite_existing);
  for (const char* part : {"", "-wal"}) {
    const std::string kept = (scene_.dir() / "older.db") + part;
    fs::remove(kept);
    if (fs::exists(scene_.warehouse() + part)) fs::copy_file(scene_.warehouse() + part, kept);
  }
  kept_ = true;
}

void OlderStates::PutBack(bool warehouse_too) {
  fs::copy_file(scene_.dir() / "older.json", scene_.state(), fs::copy_options::overwrite_existing);
  if (!warehouse_too) return;
  for (const char* part : {"", "-wal", "-shm"}) {
    fs::remove(scene_.warehouse() + part);
    const std::string kept = (scene_.dir() / "older.db") + part;
    if (fs::exists(kept)) fs::copy_file(kept, scene_.warehouse() + part);
  }
}

}  // namespace tributary::tests
