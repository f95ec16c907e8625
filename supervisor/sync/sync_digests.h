// The digests of one sync: opened where there are some or some can be made, and asked by the
// plan which tables can be compared. A disk that fails is no failure of the sync, as long as
// nothing on it could be relied upon later.
//
// Used by the sync's thread. What it is given outlives it.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_SYNC_DIGESTS_H_
#define TRIBUTARY_SUPERVISOR_SYNC_SYNC_DIGESTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "supervisor/checkpoint/state.h"
#include "supervisor/digests/digest_keeper.h"
#include "supervisor/plan/plan.h"
#include "supervisor/plan/scheduler.h"
#include "supervisor/sync/sync_world.h"

namespace tributary {

class SyncDigests final : public KeptDigests {
 public:
  // `returned`: the state of the request. `wake` is called from another thread.
  SyncDigests(const SyncWorld& world, const State& returned, std::function<void()> wake);

  // Opens those in the folder `path`, or makes it; called again, does nothing. `operator_key`
  // may be empty. `path` is empty where the connection's folder cannot be used.
  void Open(const std::string& path, const std::string& operator_key);
  // Null where there are none.
  DigestKeeper* keeper() { return keeper_.get(); }
  // There are some, or there may be.
  bool are_known() const { return keeper_ != nullptr || unreadable_; }
  // For the state; empty where there are none.
  const std::string& key() const { return key_; }

  // Whether something that one of the state's tables may have to be held against was given
  // out after it.
  bool HasUnconfirmed(const State& state);
  // The generation that the request's state names of the table.
  std::uint64_t Returned(const TableName& table) const;
  // Tables whose copy an earlier sync began go on with its digests.
  void Resume(Scheduler& scheduler);

  // Before a checkpoint: what its state names is on the disk. Takes from the state what is
  // not, where that is all that rests upon it. UNAVAILABLE: no checkpoint may be sent.
  absl::Status Settle(State& state);

  // KeptDigests.
  bool Unreadable() const override { return unreadable_; }
  bool AtHand(const TableName& table, std::uint64_t generation) override;
  bool HasUnconfirmed(const TableName& table, std::uint64_t generation) override;

 private:
  const SyncWorld& world_;
  const std::function<void()> wake_;
  // Tables without any are not in it.
  std::map<TableName, std::uint64_t> returned_;
  std::string key_;
  std::unique_ptr<DigestKeeper> keeper_;
  bool opened_ = false;
  bool given_up_ = false;
  bool unreadable_ = false;
};

// Whether digests can be made of one of the tables.
bool HasComparable(const Catalog& catalog);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_SYNC_DIGESTS_H_
