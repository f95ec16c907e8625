// The way back from a compact form (compact_writer.h) to the batch that it was made of,
// byte by byte. Nothing is known here of tables and types but that a value is one
// field of protobuf's wire format. The bytes: FORMAT.md.
//
// Pure functions.
#ifndef TRIBUTARY_COMMON_BATCH_COMPACT_EXPANSION_H_
#define TRIBUTARY_COMMON_BATCH_COMPACT_EXPANSION_H_

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

#endif  // TRIBUTARY_COMMON_BATCH_COMPACT_EXPANSION_H_
