// Work that a lane wants done by one worker; the pool passes it on. The pool knows how to send it
// and which kinds of frames it may produce, but not what it means.
#ifndef TRIBUTARY_SUPERVISOR_POOL_ORDER_H_
#define TRIBUTARY_SUPERVISOR_POOL_ORDER_H_

#include <cstdint>

#include "common/ring/ring.h"
#include "proto/worker.pb.h"

namespace tributary {

class Lane;

// A worker's role during a sync.
enum class WorkerRole {
  // Many assignments, one after the other: tests, catalogs, cuts, slices.
  kSlices,
  // One assignment for the whole sync: the source's log.
  kLog,
};

struct Order {
  enum class Kind {
    // Produces answers.
    kQuestion,
    // Produces rows, after its transaction has opened.
    kRead,
    // Produces transactions of the log.
    kFollow,
    // Produces the same as kRead, and digests of rows that are read or compared.
    kDigest,
  };
  Kind kind = Kind::kRead;
  // The lane that it belongs to.
  Lane* lane = nullptr;
  // The lane's own number for it.
  std::uint64_t ticket = 0;
  // An estimate; bounds the work queued for one worker.
  std::uint64_t estimated_bytes = 0;
  // The pool sets its id.
  Assignment assignment;

  // Whether it produces rows of a slice.
  bool is_read() const { return kind == Kind::kRead || kind == Kind::kDigest; }
  // Whether it may produce a frame of this type.
  bool MayBring(FrameType type) const;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_ORDER_H_
