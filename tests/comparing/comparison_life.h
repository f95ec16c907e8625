// The life of a connection whose tables are compared, in rounds. Each round has random changes and
// syncs that may be disturbed, then a sync after which the destination equals the source, and then
// a sync that sends nothing. A sync that is not disturbed sends exactly the rows that have changed.
//
// A seed repeats the changes and disturbances. The time of a disturbance is a fraction of a sync's
// length, so its exact moment may differ. Expectations are GoogleTest's.
#ifndef TRIBUTARY_TESTS_COMPARING_COMPARISON_LIFE_H_
#define TRIBUTARY_TESTS_COMPARING_COMPARISON_LIFE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/comparing/compared_source.h"
#include "tests/comparing/warehouse_rows.h"
#include "tests/crash/older_states.h"
#include "tests/process/connector.h"
#include "tests/process/sync_run.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {

class ComparisonLife {
 public:
  // All arguments must outlive this object, and the connector is running. `dir` contains the
  // connector's staging folder and config.json.
  ComparisonLife(ComparedSource& source, Connector& connector, const TempDir& dir)
      : source_(source), connector_(connector), dir_(dir) {}

  // Makes the tables and runs $TRIBUTARY_COMPARING_ROUNDS rounds (default: `rounds`), with the seed
  // $TRIBUTARY_COMPARING_SEED (default: random). Stops at the first failure; the output contains
  // the seed.
  void Live(std::uint64_t rounds);

 private:
  // What happens before a sync begins.
  enum class Before {
    kOlderState,
    kOlderStateAndDestination,
    kDigestsLost,
    kDigestsDamaged,
    kStagingLost,
    kAnotherDisk,
    kReSync,
    kNothing
  };
  static constexpr std::uint64_t kBefores = static_cast<std::uint64_t>(Before::kNothing);
  // What happens during a sync.
  enum class During {
    kWorkerKilled,
    kClientKilled,
    kConnectorKilled,
    kTerminated,
    kStatesNotSaved,
    kWriter,
    kNothing
  };
  static constexpr std::uint64_t kDurings = static_cast<std::uint64_t>(During::kNothing);

  void Round(Dice& dice);
  void Change(Dice& dice, bool while_syncing = false);
  void Undo();
  void Prepare(Before before, Dice& dice);
  void DamageDigests(Dice& dice);
  void Disturb(During during, Dice& dice);
  void Strike(During during, SyncRun& run, Dice& dice);
  SyncOutcome Sync(std::vector<std::string> flags = {});
  // True if the sync ended because it found damage while it wrote to the digests; the next sync
  // makes new digests.
  bool FoundDamage(const SyncOutcome& outcome) const;
  // Runs a sync that must end with OK; it may put a table aside only if the table's key may change.
  SyncOutcome GoodSync();
  void ExpectEqual();
  // Runs a sync without disturbances, which must send exactly what has changed.
  void SyncOfWhatHasChanged();
  void ExpectSent(const SyncOutcome& outcome, const WarehouseTables& before);
  void ExpectNothingSent();

  std::string state() const { return dir_ / "state.json"; }
  std::string warehouse() const { return dir_ / "warehouse.db"; }
  std::string staging() const { return dir_ / "staging"; }
  SyncRunOptions Options(std::vector<std::string> flags) const;

  ComparedSource& source_;
  Connector& connector_;
  const TempDir& dir_;
  OlderStates older_states_{dir_};
  // Statements that undo earlier changes; the last one runs first.
  std::vector<std::string> undo_;
  // Tables that were changed since the last sync without disturbances.
  std::set<std::string> touched_;
  // damaged_: digests were damaged, and the damage may not have been found yet. made_anew_: damage
  // was found, and all tables were copied again.
  bool damaged_ = false;
  bool made_anew_ = false;
  std::chrono::milliseconds sync_length_{1000};
  std::map<std::string, int> figures_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_COMPARISON_LIFE_H_
