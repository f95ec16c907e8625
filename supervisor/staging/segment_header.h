// The first value of a segment: it identifies the segment and tells whether a key is the right one.
// The bytes: FORMAT.md, "Header".
#ifndef TRIBUTARY_SUPERVISOR_STAGING_SEGMENT_HEADER_H_
#define TRIBUTARY_SUPERVISOR_STAGING_SEGMENT_HEADER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervisor/staging/segment_cipher.h"

namespace tributary {

inline constexpr std::uint32_t kStagingFormatVersion = 2;
// Version 1 is version 2 without compact batches.
inline constexpr std::uint32_t kOldestStagingFormatVersion = 1;
// The header's place; positions count from 1.
inline constexpr BlockKey kHeaderKey{0, 0};

struct SegmentHeader {
  std::uint64_t epoch = 0;
  std::uint64_t segment = 0;
  // The key of the first block; its part is not 0 if the segment starts in the middle of a large
  // item.
  BlockKey first;
  std::string salt;
};

// A header and the cipher made from its salt and the epoch's key.
struct OpenedHeader {
  SegmentHeader header;
  std::unique_ptr<SegmentCipher> cipher;
};

// Must be the first thing that `cipher` seals.
absl::StatusOr<std::string> SealHeader(const SegmentHeader& header, SegmentCipher& cipher);

// DATA_LOSS: damaged. UNIMPLEMENTED: written by another version of the format.
// PERMISSION_DENIED: whole, but sealed with another key.
absl::StatusOr<OpenedHeader> OpenHeader(std::string_view bytes, std::string_view epoch_key);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_SEGMENT_HEADER_H_
