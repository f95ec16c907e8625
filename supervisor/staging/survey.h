// What of a segment is good, found by taking the seal off every block.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_SURVEY_H_
#define TRIBUTARY_SUPERVISOR_STAGING_SURVEY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "supervisor/staging/segment.h"
#include "supervisor/staging/segment_cipher.h"

namespace tributary {

struct SegmentSurvey {
  BlockKey first;
  // What the block behind the last good one has to have as its key.
  BlockKey next;
  // The last checkpoint that is good and whole; 0 for none. Its first part may
  // stand in an earlier segment.
  std::uint64_t last_checkpoint = 0;
  // OK where the segment is good to its end. An end that is missing cannot be
  // told from one that was never written.
  absl::Status good;
};

SegmentSurvey Survey(const Segment& segment);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_SURVEY_H_
