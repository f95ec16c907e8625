// What a lane wants done by one worker, as the pool passes it on. The pool knows how to
// send it and what kinds of frames may come of it, and nothing of what it means.
#ifndef TRIBUTARY_SUPERVISOR_POOL_ORDER_H_
#define TRIBUTARY_SUPERVISOR_POOL_ORDER_H_

#include <cstdint>

#include "common/ring/ring.h"
#include "proto/worker.pb.h"

namespace tributary {

class Lane;

// What a worker does for the length of a sync.
enum class WorkerRole {
  // One assignment after the other: tests, catalogs, cuts, slices.
  kSlices,
  // One assignment for the whole sync: the source's log.
  kLog,
};

struct Order {
  enum class Kind {
    // Answers come of it.
    kQuestion,
    // Rows come of it, after its transaction has opened.
    kRead,
    // Transactions of the log come of it.
    kFollow,
    // The same as of kRead, and digests: of rows that are read, or compared.
    kDigest,
  };
  Kind kind = Kind::kRead;
  // Whose it is.
  Lane* lane = nullptr;
  // The lane's own number for it.
  std::uint64_t ticket = 0;
  // A guess; bounds what is queued for one worker.
  std::uint64_t estimated_bytes = 0;
  // Its id is the pool's to set.
  Assignment assignment;

  // Rows of a slice come of it.
  bool is_read() const { return kind == Kind::kRead || kind == Kind::kDigest; }
  // Whether a frame of this type may come of it.
  bool MayBring(FrameType type) const;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_ORDER_H_
