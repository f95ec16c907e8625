#include "supervisor/sync/checkpointer.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/sync/messages.h"

namespace tributary {

bool Checkpointer::Due(const Outbox& outbox, Clock::time_point now) const {
  if (outbox.last_position() == last_) return false;
  // Counted when it is put, because much of it may still be on its way to the disk.
  const bool staging_grows =
      outbox.has_stager() && outbox.put_bytes() - put_bytes_ >
                                 settings_.staging_limit_bytes / limits::kCheckpointsInStagingLimit;
  return now - last_at_ >= settings_.checkpoint_interval || staging_grows;
}

absl::Status Checkpointer::Put(State& state, Outbox& outbox, bool numbered, Clock::time_point now) {
  if (numbered) state.position = outbox.last_position() + 1;
  last_at_ = now;
  put_bytes_ = outbox.put_bytes();
  const std::string text = SerializeState(state);
  if (text.size() > limits::kMaxStateBytes) {
    return absl::FailedPreconditionError(absl::StrCat(
        "write state: it would have ", text.size(), " bytes, and at most ", limits::kMaxStateBytes,
        " can be read back; select fewer tables for this connection, and make "
        "another connection for the rest"));
  }
  last_ = outbox.Put(ItemKind::kCheckpoint, CheckpointMessage(text));
  return absl::OkStatus();
}

}  // namespace tributary
