// The digests of one sync: opened if there are any or any can be made. The plan asks them which
// tables can be compared. A failing disk does not fail the sync, unless a later sync could rely on
// the digests on it.
//
// Used by the sync's thread. The arguments outlive it.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_SYNC_DIGESTS_H_
#define TRIBUTARY_SUPERVISOR_SYNC_SYNC_DIGESTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "supervisor/checkpoint/state.h"
#include "supervisor/digests/digest_keeper.h"
#include "supervisor/plan/plan.h"
#include "supervisor/sync/sync_world.h"

namespace tributary {

class SyncDigests final : public KeptDigests {
 public:
  // `returned`: the state of the request. `wake` is called from another thread.
  SyncDigests(const SyncWorld& world, const State& returned, std::function<void()> wake);

  // Opens the digests in the folder `path`, or makes them; a second call does nothing.
  // `operator_key` may be empty. `path` is empty if the connection's folder cannot be used.
  void Open(const std::string& path, const std::string& operator_key);
  // For the user, why they could not be opened; empty: nothing that a user can change. Once.
  std::string TakeWarning() { return std::exchange(warning_, {}); }
  // Null if there are none.
  DigestKeeper* keeper() { return keeper_.get(); }
  // There are digests, or there may be.
  bool are_known() const { return keeper_ != nullptr || unreadable_; }
  // For the state; empty if there are none.
  const std::string& key() const { return key_; }

  // Whether rows were sent after the state that one of its tables may have to be compared with.
  bool HasUnconfirmed(const State& state);
  // The generation that the request's state names for the table.
  std::uint64_t Returned(const TableName& table) const;
  // Whether the disk keeps up with the digests.
  bool TakesMore() const { return keeper_ == nullptr || keeper_->writer().takes_more(); }

  // Before a checkpoint: ensures that the generations in its state are on the disk. If they are not
  // and nothing else depends on them, removes them from the state. UNAVAILABLE: no checkpoint may
  // be sent.
  absl::Status Settle(State& state);

  // KeptDigests.
  bool Unreadable() const override { return unreadable_; }
  bool AtHand(const TableName& table, std::uint64_t generation) override;
  bool MayResume(const TableName& table, std::uint64_t generation, const DoneRanges& done) override;
  bool HasUnconfirmed(const TableName& table, std::uint64_t generation) override;

 private:
  const SyncWorld& world_;
  const std::function<void()> wake_;
  // Without tables that have none.
  std::map<TableName, std::uint64_t> returned_;
  std::string key_;
  std::string warning_;
  std::unique_ptr<DigestKeeper> keeper_;
  bool opened_ = false;
  bool given_up_ = false;
  bool unreadable_ = false;
};

// Whether digests can be made for any of the tables.
bool HasComparable(const Catalog& catalog);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_SYNC_DIGESTS_H_
