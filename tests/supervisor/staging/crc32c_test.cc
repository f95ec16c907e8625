// The checksum that is linked in place of LevelDB's.
#include "supervisor/staging/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace tributary {
namespace {

std::string Ascending(int from, int step) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<char>(from + i * step));
  return bytes;
}

TEST(Crc32cTest, HasTheValuesOfItsStandard) {
  // RFC 3720, section B.4; the last one is the check value of the catalog of CRCs.
  const struct {
    std::string bytes;
    std::uint32_t crc;
  } cases[] = {
      {"", 0},
      {std::string(32, '\0'), 0x8a9136aa},
      {std::string(32, '\xff'), 0x62a8ab43},
      {Ascending(0, 1), 0x46dd794e},
      {Ascending(31, -1), 0x113fdb5c},
      {"123456789", 0xe3069283},
  };
  for (const auto& [bytes, crc] : cases) {
    EXPECT_EQ(leveldb::crc32c::Extend(0, bytes.data(), bytes.size()), crc);
    EXPECT_EQ(Crc32cByTable(0, bytes.data(), bytes.size()), crc);
    if (HasCrc32cInstruction()) {
      EXPECT_EQ(Crc32cByInstruction(0, bytes.data(), bytes.size()), crc);
    }
  }
}

TEST(Crc32cTest, IsTheSameInPartsOfAnyLengthAndPlace) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes.push_back(static_cast<char>(i * i));
  for (std::size_t from = 0; from < 9; ++from) {
    const std::size_t size = bytes.size() - from;
    const std::uint32_t whole = Crc32cByTable(0, bytes.data() + from, size);
    for (std::size_t first = 0; first <= size; ++first) {
      const std::uint32_t part = leveldb::crc32c::Extend(0, bytes.data() + from, first);
      EXPECT_EQ(leveldb::crc32c::Extend(part, bytes.data() + from + first, size - first), whole);
    }
  }
}

}  // namespace
}  // namespace tributary
