// The compact form of a batch: its rows' values without what stands around each of
// them on the wire, which names and lengths make up by half. The worker that knows
// the columns writes it beside the batch (worker/encoder/compact_form.h); staging
// keeps it in the batch's place and makes the very same bytes again from it.
//
// To this folder it is a compression: nothing is known here of rows or columns but
// that a value is one field of protobuf's wire format. The bytes: FORMAT.md.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_COMPACT_BATCH_H_
#define TRIBUTARY_SUPERVISOR_STAGING_COMPACT_BATCH_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary {

// The size of the batch, at most limits::kMaxFramePayloadBytes. Both take any
// bytes: DATA_LOSS where they are no compact form.
absl::StatusOr<std::size_t> ExpandedBytes(std::string_view compact);

// Writes the batch's ExpandedBytes() bytes to `batch`, or fails.
absl::Status ExpandCompactBatch(std::string_view compact, char* batch);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_COMPACT_BATCH_H_
