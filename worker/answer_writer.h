// Writes catalogs and slices into the ring as pages, each of which fits a frame.
//
// Used by the worker's main thread.
#ifndef TRIBUTARY_WORKER_ANSWER_WRITER_H_
#define TRIBUTARY_WORKER_ANSWER_WRITER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "worker/encoder/ring_producer.h"

namespace tributary {

class AnswerWriter {
 public:
  // `ring` outlives the writer.
  AnswerWriter(RingProducer& ring, std::uint32_t assignment)
      : ring_(ring), assignment_(assignment) {}

  // A table whose description alone is over the frame's limit is left out, with a remark.
  // FAILED_PRECONDITION: the catalog takes more memory than
  // limits::kMaxCatalogMemoryBytes; nothing was written.
  absl::Status Send(Catalog catalog);
  // If a table's slices do not fit a frame, neighbours are joined until they do.
  void Send(Slices slices);

 private:
  void SendPage(const Answer& page);

  RingProducer& ring_;
  std::uint32_t assignment_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ANSWER_WRITER_H_
