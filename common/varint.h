// Protobuf's variable-length integers
// (https://protobuf.dev/programming-guides/encoding/#varints).
#ifndef TRIBUTARY_COMMON_VARINT_H_
#define TRIBUTARY_COMMON_VARINT_H_

#include <bit>
#include <cstddef>
#include <cstdint>

namespace tributary {

inline constexpr std::size_t kMaxVarintBytes = 10;

inline std::size_t VarintBytes(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
}

// Writes VarintBytes(value) bytes and gives the place behind them.
inline char* PutVarint(char* at, std::uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_VARINT_H_
