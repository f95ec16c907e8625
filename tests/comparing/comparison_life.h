// The life of a connection whose tables are compared, in rounds: random changes, syncs that are
// disturbed or not, and then a sync after which the destination equals the source, and one that
// sends nothing. A sync that nothing has disturbed sends the rows that have changed and no others.
//
// A seed repeats changes and disturbances; moments are parts of a sync's length. All expectations
// are GoogleTest's.
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
  // All of them outlive it; the connector runs. `dir` has its staging, and config.json.
  ComparisonLife(ComparedSource& source, Connector& connector, const TempDir& dir)
      : source_(source), connector_(connector), dir_(dir) {}

  // Makes the tables and lives as many rounds as $TRIBUTARY_COMPARING_ROUNDS says, or `rounds`,
  // from the seed $TRIBUTARY_COMPARING_SEED, or a random one. Ends at the first failure, and
  // prints then how it is repeated.
  void Live(std::uint64_t rounds);

 private:
  // What has happened when a sync begins.
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
  // What happens while it runs.
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
  // A sync that finds damage while it writes to the digests ends; the next one has new ones.
  bool FoundDamage(const SyncOutcome& outcome) const;
  // The sync ends with OK, and no table is put aside, but for one whose key may change.
  SyncOutcome GoodSync();
  void ExpectEqual();
  // A sync that nothing disturbs.
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
  // By table; undone in their order.
  std::vector<std::string> undo_;
  // Tables with a statement since the last sync that nothing disturbed.
  std::set<std::string> touched_;
  // Digests were damaged, and perhaps the damage has not been found yet; it was, and all tables
  // were copied again.
  bool damaged_ = false;
  bool made_anew_ = false;
  std::chrono::milliseconds sync_length_{1000};
  std::map<std::string, int> figures_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_COMPARISON_LIFE_H_
