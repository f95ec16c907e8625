// Keys that differ here but may be equal in a destination: 1.50 and 1.5, 0 and -0. They may be
// equal in the source as well, so that one can become the other there without a change of the key.
//
// Pure.
#ifndef TRIBUTARY_WORKER_COMPARE_SPELLED_VALUE_H_
#define TRIBUTARY_WORKER_COMPARE_SPELLED_VALUE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace tributary {

// A hash of the key that is the same for all spellings of its numbers. `key` as in entries.h.
// Nothing: each of its values has only one spelling.
std::optional<std::uint64_t> SpelledValue(std::string_view key);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_SPELLED_VALUE_H_
