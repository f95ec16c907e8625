#include "worker/sources/postgresql/nested.h"

namespace tributary::postgresql {

bool TakeArrayShape(WireReader& reader, const TypePlan& plan, ArrayShape& shape) {
  const auto dimensions = reader.Take<std::uint32_t>();
  reader.Take<std::uint32_t>();
  const auto oid = reader.Take<std::uint32_t>();
  if (!reader.ok() || dimensions > ArrayShape::kMaxDimensions || oid != plan.parts[0].oid) {
    return false;
  }
  shape.dimensions = dimensions;
  for (std::size_t at = 0; at < shape.dimensions; ++at) {
    const auto size = reader.Take<std::int32_t>();
    shape.lower_bounds[at] = reader.Take<std::int32_t>();
    if (!reader.ok() || size < 0) return false;
    shape.sizes[at] = static_cast<std::size_t>(size);
  }
  // Each element has its length, so there are no more of them than a quarter of the bytes.
  const std::size_t most = reader.left() / sizeof(std::int32_t);
  std::size_t elements = 1;
  for (std::size_t at = shape.dimensions; at-- > 0;) {
    elements *= shape.sizes[at];
    if (elements > most) return false;
    shape.strides[at] = elements;
  }
  shape.elements = shape.dimensions == 0 ? 0 : elements;
  return true;
}

Outcome TakeComposite(std::string_view bytes, const TypePlan& plan, CompositeFields& fields) {
  WireReader reader(bytes);
  if (reader.Take<std::uint32_t>() != plan.parts.size()) {
    return reader.ok() ? Outcome::kStale : Outcome::kMalformed;
  }
  for (const TypePart& part : plan.parts) {
    const auto oid = reader.Take<std::uint32_t>();
    if (!reader.ok()) return Outcome::kMalformed;
    if (oid != part.oid) return Outcome::kStale;
    fields.push_back(TakePart(reader));
    if (!reader.ok()) return Outcome::kMalformed;
  }
  return DoneIf(reader.Ended());
}

bool TakeRange(std::string_view bytes, RangeBounds& range) {
  constexpr unsigned kEmpty = 0x01;
  constexpr unsigned kLowerInclusive = 0x02;
  constexpr unsigned kUpperInclusive = 0x04;
  constexpr unsigned kLowerInfinite = 0x08;
  constexpr unsigned kUpperInfinite = 0x10;
  WireReader reader(bytes);
  const unsigned flags = reader.Take<std::uint8_t>();
  range.empty = (flags & kEmpty) != 0;
  range.lower_inclusive = (flags & kLowerInclusive) != 0;
  range.upper_inclusive = (flags & kUpperInclusive) != 0;
  if (!range.empty && (flags & kLowerInfinite) == 0) {
    range.lower = TakePart(reader);
    if (!range.lower) return false;
  }
  if (!range.empty && (flags & kUpperInfinite) == 0) {
    range.upper = TakePart(reader);
    if (!range.upper) return false;
  }
  return reader.Ended();
}

}  // namespace tributary::postgresql
