#include "worker/sources/postgresql/text_form.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "worker/sources/postgresql/nested_text.h"
#include "worker/sources/postgresql/network.h"
#include "worker/sources/postgresql/numbers.h"
#include "worker/sources/postgresql/shapes.h"
#include "worker/sources/postgresql/text_search.h"
#include "worker/sources/postgresql/times.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {
namespace {

// A value of a fixed size, which `append` is given.
template <typename Integer, typename Append>
bool Fixed(std::string_view bytes, const Append& append) {
  if (bytes.size() != sizeof(Integer)) return false;
  append(LoadBigEndian<Integer>(bytes.data()));
  return true;
}

bool AppendWhole(std::string_view bytes, std::string& out) {
  out.append(bytes);
  return true;
}

bool AppendVersioned(std::string_view bytes, std::string& out) {
  return TakeVersion(bytes) && AppendWhole(bytes, out);
}

bool AppendByteChar(std::string_view bytes, std::string& out) {
  if (bytes.size() != 1) return false;
  const auto byte = static_cast<unsigned char>(bytes[0]);
  if (byte >= 0x80) {
    out.push_back('\\');
    for (const int shift : {6, 3, 0}) out.push_back(static_cast<char>('0' + (byte >> shift & 7)));
  } else if (byte != 0) {
    out.push_back(bytes[0]);
  }
  return true;
}

void AppendUpperHex(std::uint64_t value, std::string& out) {
  std::array<char, 16> room;
  const char* const end = std::to_chars(room.data(), room.data() + room.size(), value, 16).ptr;
  for (const char* at = room.data(); at != end; ++at) {
    out.push_back(*at >= 'a' ? static_cast<char>(*at - 'a' + 'A') : *at);
  }
}

bool AppendTid(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  out.push_back('(');
  AppendUnsigned(reader.Take<std::uint32_t>(), out);
  out.push_back(',');
  AppendUnsigned(reader.Take<std::uint16_t>(), out);
  out.push_back(')');
  return reader.Ended();
}

bool AppendSnapshot(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto count = reader.Take<std::uint32_t>();
  AppendUnsigned(reader.Take<std::uint64_t>(), out);
  out.push_back(':');
  AppendUnsigned(reader.Take<std::uint64_t>(), out);
  out.push_back(':');
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    if (i > 0) out.push_back(',');
    AppendUnsigned(reader.Take<std::uint64_t>(), out);
  }
  return reader.Ended();
}

Outcome AppendBits(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto bits = reader.Take<std::int32_t>();
  if (!reader.ok() || bits < 0) return Outcome::kMalformed;
  const auto count = static_cast<std::size_t>(bits);
  if (reader.left() != (count + 7) / 8) return Outcome::kMalformed;
  if (IsTooLarge(count)) return Outcome::kTooLarge;
  const std::string_view from = reader.TakeBytes(reader.left());
  for (std::size_t at = 0; at < count; ++at) {
    out.push_back((from[at / 8] >> (7 - at % 8) & 1) != 0 ? '1' : '0');
  }
  return Outcome::kDone;
}

bool AppendBytea(std::string_view bytes, std::string& out) {
  out.append("\\x");
  AppendHex(bytes, /*upper=*/false, out);
  return true;
}

bool AppendHexBytes(std::string_view bytes, std::string& out) {
  AppendHex(bytes, /*upper=*/true, out);
  return true;
}

// Numbers and what is like them. Not one of them: false, as if it was malformed.
bool AppendNumber(const TypePlan& plan, std::string_view bytes, std::string& out) {
  const auto append_signed = [&out](auto value) { AppendInteger(value, out); };
  const auto append_unsigned = [&out](auto value) { AppendUnsigned(value, out); };
  switch (plan.kind) {
    case Kind::kBool:
      return Fixed<std::uint8_t>(bytes, [&out](auto it) { out.push_back(it != 0 ? 't' : 'f'); });
    case Kind::kInt2:
      return Fixed<std::int16_t>(bytes, append_signed);
    case Kind::kInt4:
      return Fixed<std::int32_t>(bytes, append_signed);
    case Kind::kInt8:
      return Fixed<std::int64_t>(bytes, append_signed);
    case Kind::kOid:
    case Kind::kNumber4:
      return Fixed<std::uint32_t>(bytes, append_unsigned);
    case Kind::kNumber8:
      return Fixed<std::uint64_t>(bytes, append_unsigned);
    case Kind::kFloat4:
      return Fixed<std::uint32_t>(
          bytes, [&out](std::uint32_t bits) { AppendReal(std::bit_cast<float>(bits), out); });
    case Kind::kFloat8:
      return Fixed<std::uint64_t>(
          bytes, [&out](std::uint64_t bits) { AppendReal(std::bit_cast<double>(bits), out); });
    case Kind::kNumeric:
      return AppendNumericText(bytes, out);
    case Kind::kMoney:
      return Fixed<std::int64_t>(
          bytes, [&](std::int64_t units) { AppendMoneyText(units, plan.money_digits, out); });
    case Kind::kLsn:
      return Fixed<std::uint64_t>(bytes, [&out](std::uint64_t lsn) {
        AppendUpperHex(lsn >> 32, out);
        out.push_back('/');
        AppendUpperHex(lsn & 0xffff'ffff, out);
      });
    case Kind::kTid:
      return AppendTid(bytes, out);
    case Kind::kSnapshot:
      return AppendSnapshot(bytes, out);
    default:
      return false;
  }
}

bool AppendMoment(const TypePlan& plan, std::string_view bytes, std::string& out) {
  switch (plan.kind) {
    case Kind::kDate:
      return Fixed<std::int32_t>(bytes, [&out](std::int32_t days) { AppendDate(days, out); });
    case Kind::kTimestamp:
      return Fixed<std::int64_t>(bytes, [&out](std::int64_t micros) {
        AppendTimestamp(micros, TimestampText::kNaive, out);
      });
    case Kind::kTimestamptz:
      return Fixed<std::int64_t>(bytes, [&out](std::int64_t micros) {
        AppendTimestamp(micros, TimestampText::kUtc, out);
      });
    case Kind::kTime:
      return AppendTime(bytes, out);
    case Kind::kTimetz:
      return AppendTimetz(bytes, out);
    default:
      return AppendInterval(bytes, out);
  }
}

using AppendFunction = bool (*)(std::string_view bytes, std::string& out);

// Of kinds whose text needs nothing but the bytes.
AppendFunction FunctionOf(Kind kind) {
  switch (kind) {
    case Kind::kText:
    case Kind::kXml:
    case Kind::kJson:
      return AppendWhole;
    case Kind::kVersionedText:
    case Kind::kJsonb:
      return AppendVersioned;
    case Kind::kByteChar:
      return AppendByteChar;
    case Kind::kUuid:
      return AppendUuid;
    case Kind::kInet:
      return AppendInet;
    case Kind::kMacaddr:
      return AppendMacaddr;
    case Kind::kTsvector:
      return AppendTsvector;
    case Kind::kTsquery:
      return AppendTsquery;
    case Kind::kPoint:
      return AppendPoint;
    case Kind::kLine:
      return AppendLine;
    case Kind::kSegment:
      return AppendSegment;
    case Kind::kBox:
      return AppendBox;
    case Kind::kPath:
      return AppendPath;
    case Kind::kPolygon:
      return AppendPolygon;
    case Kind::kCircle:
      return AppendCircle;
    case Kind::kCube:
      return AppendCube;
    case Kind::kVector:
      return AppendVector;
    case Kind::kHalfVector:
      return AppendHalfVector;
    case Kind::kSparseVector:
      return AppendSparseVector;
    case Kind::kBytea:
      return AppendBytea;
    case Kind::kHexBytes:
      return AppendHexBytes;
    default:
      return nullptr;
  }
}

}  // namespace

Outcome AppendText(const TypePlan& plan, std::string_view bytes, std::string& out) {
  switch (plan.kind) {
    case Kind::kArray:
      return AppendArrayText(plan, bytes, out);
    case Kind::kComposite:
      return AppendCompositeText(plan, bytes, out);
    case Kind::kRange:
      return AppendRangeText(plan, bytes, out);
    case Kind::kMultirange:
      return AppendMultirangeText(plan, bytes, out);
    case Kind::kHstore:
      return AppendHstoreText(bytes, out);
    default:
      break;
  }
  // The text of a value has as many bytes as the value, or more.
  if (IsTooLarge(bytes.size())) return Outcome::kTooLarge;
  switch (plan.kind) {
    case Kind::kDate:
    case Kind::kTimestamp:
    case Kind::kTimestamptz:
    case Kind::kTime:
    case Kind::kTimetz:
    case Kind::kInterval:
      return DoneIf(AppendMoment(plan, bytes, out));
    case Kind::kBit:
      return AppendBits(bytes, out);
    default:
      break;
  }
  const AppendFunction append = FunctionOf(plan.kind);
  return DoneIf(append != nullptr ? append(bytes, out) : AppendNumber(plan, bytes, out));
}

}  // namespace tributary::postgresql
