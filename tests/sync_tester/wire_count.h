// Counts the contents of one message on the wire without decoding it: it reads the outermost tags,
// and skips the content of each record by its length.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_WIRE_COUNT_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_WIRE_COUNT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/types/span.h"

namespace tributary::tester {

// The field of UpdateResponse with which the message begins; 0 if it is empty.
enum class WireOperation : std::uint32_t {
  kNothing = 0,
  kRecord = 1,
  kSchemaChange = 2,
  kCheckpoint = 3,
  kWarning = 4,
  kTask = 5,
  kRecords = 6,
};

struct WireCount {
  WireOperation operation = WireOperation::kNothing;
  std::uint64_t records = 0;
};

// `pieces`, in order, are the bytes of one UpdateResponse. Nothing if they are not well-formed
// protobuf, as far as they are read.
std::optional<WireCount> CountWire(absl::Span<const std::string_view> pieces);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_WIRE_COUNT_H_
