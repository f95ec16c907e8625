#include "supervisor/staging/crc32c.h"

#include <nmmintrin.h>

#include <array>
#include <cstring>

namespace tributary {
namespace {

// The polynomial, its lowest power first.
constexpr std::uint32_t kPolynomial = 0x82f63b78;
constexpr int kBitsOfByte = 8;
constexpr std::uint32_t kLowByte = 0xff;

constexpr auto kTable = [] {
  std::array<std::uint32_t, kLowByte + 1> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < kBitsOfByte; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    }
    table[byte] = crc;
  }
  return table;
}();

}  // namespace

bool HasCrc32cInstruction() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) std::uint32_t Crc32cByInstruction(std::uint32_t crc,
                                                                    const char* data,
                                                                    std::size_t size) {
  std::uint64_t wide = ~crc;
  for (; size >= sizeof wide; data += sizeof wide, size -= sizeof wide) {
    std::uint64_t next = 0;
    std::memcpy(&next, data, sizeof next);
    wide = _mm_crc32_u64(wide, next);
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++data, --size) {
    narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*data));
  }
  return ~narrow;
}

std::uint32_t Crc32cByTable(std::uint32_t crc, const char* data, std::size_t size) {
  crc = ~crc;
  for (; size > 0; ++data, --size) {
    crc = kTable[(crc ^ static_cast<unsigned char>(*data)) & kLowByte] ^ (crc >> kBitsOfByte);
  }
  return ~crc;
}

}  // namespace tributary

namespace leveldb::crc32c {

std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t n) {
  static const bool has_instruction = tributary::HasCrc32cInstruction();
  return has_instruction ? tributary::Crc32cByInstruction(crc, data, n)
                         : tributary::Crc32cByTable(crc, data, n);
}

}  // namespace leveldb::crc32c
