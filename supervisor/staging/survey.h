// How much of a segment is intact, found by decrypting every block.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_SURVEY_H_
#define TRIBUTARY_SUPERVISOR_STAGING_SURVEY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "supervisor/staging/segment.h"
#include "supervisor/staging/segment_cipher.h"

namespace tributary {

struct SegmentSurvey {
  BlockKey first;
  // The key that the block after the last intact one must have.
  BlockKey next;
  // The last checkpoint that is intact and complete; 0 for none. Its first part may be in an
  // earlier segment.
  std::uint64_t last_checkpoint = 0;
  // OK if the segment is intact to its end. A missing end looks like one that was never written.
  absl::Status good;
};

SegmentSurvey Survey(const Segment& segment);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_SURVEY_H_
