// How much an answer may say, by what was asked. A worker is not trusted: what it sends
// is measured before it is parsed, since two bytes of a message can become fifty in
// memory. A sound worker keeps to the same bounds.
//
// Pure functions.
#ifndef TRIBUTARY_COMMON_ANSWER_BOUNDS_H_
#define TRIBUTARY_COMMON_ANSWER_BOUNDS_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "common/limits.h"
#include "proto/worker.pb.h"

namespace tributary {

struct AnswerBounds {
  std::size_t bytes = limits::kMaxPlainAnswerBytes;
  // Messages within the message and values of repeated fields, on all levels.
  std::size_t elements = limits::kMaxPlainAnswerElements;
};

// The narrowest where nothing was asked.
AnswerBounds BoundsFor(Assignment::WorkCase asked);

// Walks over the bytes of a message of `type` and builds nothing. INVALID_ARGUMENT: more
// than `most` elements, a field that the type does not have, or no message at all.
absl::Status CheckElements(const google::protobuf::Descriptor& type, std::string_view bytes,
                           std::size_t most);

bool IsWithin(const AnswerBounds& bounds, const google::protobuf::Message& message);

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_ANSWER_BOUNDS_H_
