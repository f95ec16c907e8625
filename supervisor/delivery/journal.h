// Entries that must be on the disk before messages are sent, though they are not part of the
// stream. The outbox holds back messages that were put after an entry that is not on the disk yet.
#ifndef TRIBUTARY_SUPERVISOR_DELIVERY_JOURNAL_H_
#define TRIBUTARY_SUPERVISOR_DELIVERY_JOURNAL_H_

#include <cstdint>

#include "absl/status/status.h"

namespace tributary {

class Journal {
 public:
  virtual ~Journal() = default;

  // The number of the last entry that was added. Used by the sync's thread.
  virtual std::uint64_t given() const = 0;
  // All up to this number is on the disk and synced. Any thread.
  virtual std::uint64_t synced() const = 0;
  // Why synced() no longer advances; OK while it can. Any thread.
  virtual absl::Status failure() const = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DELIVERY_JOURNAL_H_
