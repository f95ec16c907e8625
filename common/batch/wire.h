// Protobuf's wire format (https://protobuf.dev/programming-guides/encoding) as far as
// a batch uses it: the tags of fivetran_sdk.v2.UpdateResponse with Records, for both
// ends, and variable-length integers.
#ifndef TRIBUTARY_COMMON_BATCH_WIRE_H_
#define TRIBUTARY_COMMON_BATCH_WIRE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tributary::wire {

// A tag's lower three bits: what its content is.
enum Type : unsigned char { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };
inline constexpr unsigned char kTypeBits = 7;

// A field number below 16 takes one byte, and none here is larger.
constexpr char Tag(unsigned char field, Type type) { return static_cast<char>(field << 3 | type); }

inline constexpr char kRecordsTag = Tag(6, kDelimited);     // UpdateResponse.records
inline constexpr char kRecordTag = Tag(1, kDelimited);      // Records.records
inline constexpr char kSchemaNameTag = Tag(1, kDelimited);  // Record.schema_name
inline constexpr char kTableNameTag = Tag(2, kDelimited);   // Record.table_name
inline constexpr char kRecordTypeTag = Tag(3, kVarint);     // Record.type
inline constexpr char kEntryTag = Tag(4, kDelimited);       // Record.data
inline constexpr char kKeyTag = Tag(1, kDelimited);         // an entry's key
inline constexpr char kValueTag = Tag(2, kDelimited);       // an entry's value

// Of ValueType's fields.
inline constexpr char kNullTag = Tag(1, kVarint);
inline constexpr char kBoolTag = Tag(2, kVarint);
inline constexpr char kShortTag = Tag(3, kVarint);
inline constexpr char kIntTag = Tag(4, kVarint);
inline constexpr char kLongTag = Tag(5, kVarint);
inline constexpr char kFloatTag = Tag(6, kFixed32);
inline constexpr char kDoubleTag = Tag(7, kFixed64);
inline constexpr char kNaiveDateTag = Tag(8, kDelimited);
inline constexpr char kNaiveDatetimeTag = Tag(9, kDelimited);
inline constexpr char kUtcDatetimeTag = Tag(10, kDelimited);
inline constexpr char kDecimalTag = Tag(11, kDelimited);
inline constexpr char kBinaryTag = Tag(12, kDelimited);
inline constexpr char kStringTag = Tag(13, kDelimited);
inline constexpr char kJsonTag = Tag(14, kDelimited);
inline constexpr char kXmlTag = Tag(15, kDelimited);

inline constexpr char kSecondsTag = Tag(1, kVarint);  // Timestamp.seconds
inline constexpr char kNanosTag = Tag(2, kVarint);    // Timestamp.nanos

inline constexpr std::size_t kMaxVarintBytes = 10;
// A varint's byte that is not the last one has this bit.
inline constexpr unsigned char kVarintGoesOn = 0x80;

inline std::size_t VarintBytes(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
}

// Writes VarintBytes(value) bytes and gives the place after them.
inline char* PutVarint(char* at, std::uint64_t value) {
  while (value >= kVarintGoesOn) {
    *at++ = static_cast<char>(value | kVarintGoesOn);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

// Takes one from the front of `bytes`. Empty, with `bytes` unchanged, if no complete varint is
// there.
inline std::optional<std::uint64_t> TakeVarint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (std::size_t at = 0; at < bytes.size() && at < kMaxVarintBytes; ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    value |= std::uint64_t{byte & 0x7fU} << (7 * at);
    if ((byte & kVarintGoesOn) != 0) continue;
    bytes.remove_prefix(at + 1);
    return value;
  }
  return std::nullopt;
}

}  // namespace tributary::wire

#endif  // TRIBUTARY_COMMON_BATCH_WIRE_H_
