// Values that are made of others: their parts, as their send functions write them.
//
//   array      32 bits of dimensions, of flags, of the element's OID; 32 bits each of every
//              dimension's size and lower bound; the elements as fields
//   composite  32 bits of how many fields; for each its type's OID, and the field
//   range      a byte of flags; the bounds that it has as fields
//   multirange 32 bits of how many ranges; each as a field
//   hstore     32 bits of how many pairs; for each the key as a field, the value as one
//
// A field is 32 bits of its length, -1 for null, and its bytes (wire.h).
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NESTED_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NESTED_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "common/limits.h"
#include "worker/sources/postgresql/type_plan.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {

// The result of appending a value to a text. If it is not kDone, the text must not be used.
enum class Outcome : std::uint8_t {
  kDone,
  // The bytes are not a value of the type.
  kMalformed,
  // A composite type has other fields than its plan: it was altered, ask for it again.
  kStale,
  // The text would be larger than a message.
  kTooLarge,
};

inline Outcome DoneIf(bool well_formed) {
  return well_formed ? Outcome::kDone : Outcome::kMalformed;
}
inline bool IsTooLarge(std::size_t bytes) { return bytes > limits::kMaxMessageBytes; }

// A part's bytes, or null.
using Part = std::optional<std::string_view>;

inline Part TakePart(WireReader& reader) {
  std::string_view bytes;
  return reader.TakeField(bytes) ? Part(bytes) : std::nullopt;
}

struct ArrayShape {
  static constexpr std::size_t kMaxDimensions = 6;
  std::size_t dimensions = 0;
  std::size_t elements = 0;
  std::array<std::int32_t, kMaxDimensions> lower_bounds{};
  // sizes[d]: of dimension d. strides[d]: elements in one item of the dimension around d,
  // so strides[0] are all of them.
  std::array<std::size_t, kMaxDimensions> sizes{};
  std::array<std::size_t, kMaxDimensions> strides{};
};
bool TakeArrayShape(WireReader& reader, const TypePlan& plan, ArrayShape& shape);

// Around and between the items of each dimension.
struct ArrayMarks {
  std::string_view open;
  std::string_view close;
  std::string_view separator;
};
// Writes an array's marks, and calls `element` for each of its elements.
template <typename Element>
Outcome WriteArray(WireReader& reader, const ArrayShape& shape, const ArrayMarks& marks,
                   std::string& out, const Element& element) {
  const auto repeat = [&out](std::string_view mark, std::size_t times) {
    for (; times > 0; --times) out.append(mark);
  };
  if (shape.elements == 0) {
    out.append(marks.open);
    out.append(marks.close);
    return DoneIf(reader.Ended());
  }
  for (std::size_t at = 0; at < shape.elements; ++at) {
    // How many dimensions have an item that goes on.
    std::size_t open = 0;
    while (open < shape.dimensions && at % shape.strides[open] != 0) ++open;
    if (at > 0) {
      repeat(marks.close, shape.dimensions - open);
      out.append(marks.separator);
    }
    repeat(marks.open, shape.dimensions - open);
    const Part part = TakePart(reader);
    if (!reader.ok()) return Outcome::kMalformed;
    const Outcome outcome = element(part);
    if (outcome != Outcome::kDone) return outcome;
    if (IsTooLarge(out.size())) return Outcome::kTooLarge;
  }
  repeat(marks.close, shape.dimensions);
  return DoneIf(reader.Ended());
}

using CompositeFields = absl::InlinedVector<Part, 16>;
Outcome TakeComposite(std::string_view bytes, const TypePlan& plan, CompositeFields& fields);

struct RangeBounds {
  bool empty = false;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  // Null: it has no such bound, it is infinite.
  Part lower;
  Part upper;
};
bool TakeRange(std::string_view bytes, RangeBounds& range);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NESTED_H_
