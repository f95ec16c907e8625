// Deletes many records in parts, in the order in which they are added, so that those of a large
// table do not all wait in memory. A power cut may come between two parts.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_DIGESTS_DELETIONS_H_
#define TRIBUTARY_SUPERVISOR_DIGESTS_DELETIONS_H_

#include <chrono>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "supervisor/digests/digest_store.h"
#include "supervisor/digests/digest_writer.h"

namespace tributary {

class Deletions {
 public:
  // `first` comes to the disk before or together with the first deletions. `writer` outlives this.
  Deletions(DigestWriter& writer, std::chrono::milliseconds patience,
            std::vector<RecordChange> first = {})
      : writer_(writer), patience_(patience), part_(std::move(first)) {}

  // If the writer has no room, waits until the disk has taken what waits. False: it has not taken
  // it, and nothing more is deleted.
  bool Add(RecordName name);
  // Gives the rest to the writer, as urgent changes or not. Errors are DigestWriter::Drain's.
  absl::Status Finish(bool urgent);

 private:
  DigestWriter& writer_;
  const std::chrono::milliseconds patience_;
  std::vector<RecordChange> part_;
  absl::Status status_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_DELETIONS_H_
