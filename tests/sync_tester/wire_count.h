// Counts what one message on the wire holds without decoding it: walks the
// outermost tags and skips all that is inside a record by its length.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_WIRE_COUNT_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_WIRE_COUNT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/types/span.h"

namespace tributary::tester {

// Which field of UpdateResponse the message begins with; 0 for an empty one.
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

// `pieces` in their order are the bytes of one UpdateResponse. Nothing where
// they are not well-formed protobuf as far as it looks.
std::optional<WireCount> CountWire(absl::Span<const std::string_view> pieces);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_WIRE_COUNT_H_
