// When a checkpoint is put into the outbox, and its content. The outbox sends it.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_CHECKPOINTER_H_
#define TRIBUTARY_SUPERVISOR_SYNC_CHECKPOINTER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "common/clock.h"
#include "supervisor/checkpoint/state.h"
#include "supervisor/delivery/outbox.h"
#include "supervisor/settings.h"

namespace tributary {

class Checkpointer {
 public:
  // `settings` outlives this.
  explicit Checkpointer(const Settings& settings) : settings_(settings) {}

  // Messages were put since the last checkpoint, and either the interval is over or staging, if
  // there is one, becomes too large: messages after the last checkpoint cannot be dropped from it.
  bool Due(const Outbox& outbox, Clock::time_point now) const;

  // Puts a checkpoint of `state` as it is now. `numbered`: the outbox numbers the state's epoch,
  // and the state gets the checkpoint's own position; otherwise it keeps its position.
  // FAILED_PRECONDITION: the state is too large to be read back; nothing was put.
  absl::Status Put(State& state, Outbox& outbox, bool numbered, Clock::time_point now);

  // A checkpoint was put, and nothing has been put after it.
  bool IsLast(const Outbox& outbox) const { return last_ != 0 && outbox.last_position() == last_; }

 private:
  const Settings& settings_;
  // Of the last checkpoint: the time, its position, and the bytes put before it.
  Clock::time_point last_at_{};
  std::uint64_t last_ = 0;
  std::uint64_t put_bytes_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_CHECKPOINTER_H_
