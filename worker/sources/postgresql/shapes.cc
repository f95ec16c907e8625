#include "worker/sources/postgresql/shapes.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "worker/sources/postgresql/numbers.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {
namespace {

constexpr std::size_t kPointBytes = 16;

void TakePoint(WireReader& reader, std::string& out) {
  out.push_back('(');
  AppendReal(reader.TakeDouble(), out);
  out.push_back(',');
  AppendReal(reader.TakeDouble(), out);
  out.push_back(')');
}

void TakePoints(WireReader& reader, std::uint32_t points, std::string& out) {
  for (std::uint32_t i = 0; i < points && reader.ok(); ++i) {
    if (i > 0) out.push_back(',');
    TakePoint(reader, out);
  }
}

// Points with something around them.
bool AppendPoints(std::string_view bytes, std::uint32_t points, std::string_view open,
                  std::string_view close, std::string& out) {
  if (bytes.size() != points * kPointBytes) return false;
  WireReader reader(bytes);
  out.append(open);
  TakePoints(reader, points, out);
  out.append(close);
  return reader.Ended();
}

// Half precision: a bit of sign, five of exponent, ten of mantissa.
float HalfToFloat(std::uint16_t half) {
  const int exponent = half >> 10 & 0x1f;
  const int mantissa = half & 0x3ff;
  const float sign = (half & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 0x1f) return sign * (mantissa == 0 ? INFINITY : NAN);
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
}

// A list of `count` elements that `take` reads.
template <typename Take>
void AppendList(std::size_t count, std::string_view separator, const Take& take, std::string& out) {
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out.append(separator);
    AppendReal(take(), out);
  }
}

}  // namespace

bool AppendPoint(std::string_view bytes, std::string& out) {
  return AppendPoints(bytes, 1, "", "", out);
}
bool AppendSegment(std::string_view bytes, std::string& out) {
  return AppendPoints(bytes, 2, "[", "]", out);
}
bool AppendBox(std::string_view bytes, std::string& out) {
  return AppendPoints(bytes, 2, "", "", out);
}

bool AppendLine(std::string_view bytes, std::string& out) {
  if (bytes.size() != 3 * sizeof(double)) return false;
  WireReader reader(bytes);
  out.push_back('{');
  AppendList(
      3, ",", [&reader] { return reader.TakeDouble(); }, out);
  out.push_back('}');
  return true;
}

bool AppendCircle(std::string_view bytes, std::string& out) {
  if (bytes.size() != kPointBytes + sizeof(double)) return false;
  WireReader reader(bytes);
  out.push_back('<');
  TakePoint(reader, out);
  out.push_back(',');
  AppendReal(reader.TakeDouble(), out);
  out.push_back('>');
  return true;
}

bool AppendPath(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const bool closed = reader.Take<std::uint8_t>() != 0;
  const auto points = reader.Take<std::uint32_t>();
  if (!reader.ok() || reader.left() != points * kPointBytes) return false;
  out.push_back(closed ? '(' : '[');
  TakePoints(reader, points, out);
  out.push_back(closed ? ')' : ']');
  return reader.Ended();
}

bool AppendPolygon(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto points = reader.Take<std::uint32_t>();
  if (!reader.ok() || reader.left() != points * kPointBytes) return false;
  out.push_back('(');
  TakePoints(reader, points, out);
  out.push_back(')');
  return reader.Ended();
}

bool AppendCube(std::string_view bytes, std::string& out) {
  constexpr std::uint32_t kPointFlag = 0x8000'0000;
  WireReader reader(bytes);
  const auto head = reader.Take<std::uint32_t>();
  const std::size_t dimensions = head & ~kPointFlag;
  const bool point = (head & kPointFlag) != 0;
  if (!reader.ok() || reader.left() != dimensions * sizeof(double) * (point ? 1 : 2)) return false;
  const std::string_view lower = reader.TakeBytes(dimensions * sizeof(double));
  const std::string_view upper = reader.TakeBytes(reader.left());
  const auto corner = [dimensions, &out](std::string_view coordinates) {
    WireReader from(coordinates);
    out.push_back('(');
    AppendList(
        dimensions, ", ", [&from] { return from.TakeDouble(); }, out);
    out.push_back(')');
  };
  corner(lower);
  if (point || lower == upper) return true;
  out.push_back(',');
  corner(upper);
  return true;
}

bool AppendVector(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto dimensions = reader.Take<std::uint16_t>();
  reader.Take<std::uint16_t>();
  if (!reader.ok() || reader.left() != dimensions * sizeof(float)) return false;
  out.push_back('[');
  AppendList(
      dimensions, ",", [&reader] { return reader.TakeFloat(); }, out);
  out.push_back(']');
  return true;
}

bool AppendHalfVector(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto dimensions = reader.Take<std::uint16_t>();
  reader.Take<std::uint16_t>();
  if (!reader.ok() || reader.left() != dimensions * sizeof(std::uint16_t)) return false;
  out.push_back('[');
  AppendList(
      dimensions, ",", [&reader] { return HalfToFloat(reader.Take<std::uint16_t>()); }, out);
  out.push_back(']');
  return true;
}

bool AppendSparseVector(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto dimensions = reader.Take<std::int32_t>();
  const auto count = reader.Take<std::uint32_t>();
  reader.Take<std::uint32_t>();
  constexpr std::size_t kElementBytes = sizeof(std::int32_t) + sizeof(float);
  if (!reader.ok() || reader.left() != count * kElementBytes) return false;
  WireReader places(reader.TakeBytes(count * sizeof(std::int32_t)));
  out.push_back('{');
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i > 0) out.push_back(',');
    AppendInteger(std::int64_t{places.Take<std::int32_t>()} + 1, out);
    out.push_back(':');
    AppendReal(reader.TakeFloat(), out);
  }
  out.append("}/");
  AppendInteger(dimensions, out);
  return true;
}

}  // namespace tributary::postgresql
