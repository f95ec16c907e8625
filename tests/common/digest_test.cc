#include "common/digest.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(Digest, IsAPrefixOfSha256) {
  // The published SHA-256 of an empty input.
  EXPECT_EQ(Digest().Hex(64), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Digest().Hex(16), "e3b0c44298fc1c14");
}

TEST(Digest, PartsDoNotRunTogether) {
  EXPECT_NE(Digest().Text("ab").Text("c").Hex(64), Digest().Text("a").Text("bc").Hex(64));
  EXPECT_NE(Digest().Text("").Text("a").Hex(64), Digest().Text("a").Text("").Hex(64));
  EXPECT_NE(Digest().Text("a").Hex(64), Digest().Text("a").Text("").Hex(64));
}

}  // namespace
}  // namespace tributary
