#include "tests/crash/older_states.h"

#include <filesystem>
#include <string>

namespace tributary::tests {
namespace {

namespace fs = std::filesystem;

constexpr char kState[] = "state.json";
constexpr char kWarehouse[] = "warehouse.db";
constexpr char kOlderState[] = "older.json";
constexpr char kOlderWarehouse[] = "older.db";

}  // namespace

OlderStates::Choice OlderStates::Choose(Dice& dice) {
  const bool older = dice.OneIn(8);
  const bool warehouse_too = dice.OneIn(2);
  if (dice.OneIn(40)) {
    fs::remove(dir_ / kState);
    // The rows that it claims are deleted by the re-sync's TRUNCATEs.
    Forget();
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
  if (!fs::exists(dir_ / kState) || !fs::exists(dir_ / kWarehouse)) return;
  fs::copy_file(dir_ / kState, dir_ / kOlderState, fs::copy_options::overwrite_existing);
  for (const char* part : {"", "-wal"}) {
    const std::string kept = (dir_ / kOlderWarehouse) + part;
    const std::string now = (dir_ / kWarehouse) + part;
    fs::remove(kept);
    if (fs::exists(now)) fs::copy_file(now, kept);
  }
  kept_ = true;
}

void OlderStates::PutBack(bool warehouse_too) {
  if (!kept_) return;
  fs::copy_file(dir_ / kOlderState, dir_ / kState, fs::copy_options::overwrite_existing);
  if (!warehouse_too) return;
  for (const char* part : {"", "-wal", "-shm"}) {
    const std::string now = (dir_ / kWarehouse) + part;
    const std::string kept = (dir_ / kOlderWarehouse) + part;
    fs::remove(now);
    if (fs::exists(kept)) fs::copy_file(kept, now);
  }
}

}  // namespace tributary::tests
