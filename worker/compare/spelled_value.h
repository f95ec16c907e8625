// Keys that are two to us and may be one to a destination: 1.50 and 1.5, 0 and -0. A source may
// take them for one as well, so that one can become the other without being another key there.
//
// Pure.
#ifndef TRIBUTARY_WORKER_COMPARE_SPELLED_VALUE_H_
#define TRIBUTARY_WORKER_COMPARE_SPELLED_VALUE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace tributary {

// A hash of the key that is the same however its numbers are spelled. `key` as entries.h has
// it. Nothing: each of its values has one spelling.
std::optional<std::uint64_t> SpelledValue(std::string_view key);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_SPELLED_VALUE_H_
