// Restores a batch, byte by byte, from its compact form (compact_writer.h). This code knows nothing
// of tables and types, only that a value is one field of protobuf's wire format. The bytes:
// FORMAT.md.
//
// Pure functions.
#ifndef TRIBUTARY_COMMON_BATCH_COMPACT_EXPANSION_H_
#define TRIBUTARY_COMMON_BATCH_COMPACT_EXPANSION_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary {

// The size of the batch, at most limits::kMaxFramePayloadBytes. Both functions take any bytes:
// DATA_LOSS if they are not a compact form.
absl::StatusOr<std::size_t> ExpandedBytes(std::string_view compact);

// Writes the batch's ExpandedBytes() bytes to `batch`, or fails.
absl::Status ExpandCompactBatch(std::string_view compact, char* batch);

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_BATCH_COMPACT_EXPANSION_H_
