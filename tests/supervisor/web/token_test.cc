// The token of the page: its file, and what is accepted as the token.
#include "supervisor/web/token.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {
namespace {

constexpr char kToken[] = "abcdef0123456789ABCDEF";

absl::StatusOr<std::string> ReadFileWith(const std::string& content) {
  const TempDir dir;
  std::ofstream(dir / "token", std::ios::binary) << content;
  return ReadWebTokenFile(dir / "token");
}

TEST(WebTokenFile, TokenIsReadWithoutTheWhiteSpaceAroundIt) {
  const auto read = ReadFileWith(absl::StrCat("\n ", kToken, "\r\n"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, kToken);
}

TEST(WebTokenFile, WhatCannotBeATokenIsRefusedWithTheCure) {
  for (const std::string& content :
       {std::string(), std::string("short"), std::string(limits::kMaxWebTokenBytes + 1, 'x'),
        std::string("has a space in its midst"), std::string("has;semicolons;in;it"),
        std::string(32, '\0'), std::string(1 << 20, 'x')}) {
    const auto read = ReadFileWith(content);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kFailedPrecondition) << content.size();
    EXPECT_TRUE(absl::StrContains(read.status().message(), "--web-token-file"));
    EXPECT_TRUE(absl::StrContains(read.status().message(), "openssl rand"));
  }
  EXPECT_FALSE(ReadWebTokenFile("/no/such/file").ok());
  EXPECT_FALSE(ReadWebTokenFile("/tmp").ok());
}

TEST(WebToken, OnlyTheTokenItselfIsTaken) {
  const Token token(kToken);
  EXPECT_TRUE(token.IsToken(kToken));
  EXPECT_TRUE(token.IsAuthorization(absl::StrCat("Bearer ", kToken)));
  EXPECT_TRUE(token.IsAuthorization(absl::StrCat("bearer  ", kToken)));
  for (const std::string& wrong :
       {std::string(), std::string(kToken) + "x", std::string(kToken, 5), std::string("x")}) {
    EXPECT_FALSE(token.IsToken(wrong)) << wrong;
    EXPECT_FALSE(token.IsAuthorization("Bearer " + wrong)) << wrong;
  }
  EXPECT_FALSE(token.IsAuthorization(kToken));
  EXPECT_FALSE(token.IsAuthorization(absl::StrCat("Basic ", kToken)));
}

TEST(WebToken, CookieIsTakenWhereItIsAndIsNotTheToken) {
  const Token token(kToken);
  const std::string set = token.CookieToSet();
  EXPECT_FALSE(absl::StrContains(set, kToken));
  EXPECT_TRUE(absl::StrContains(set, "; HttpOnly; SameSite=Strict; Path=/"));
  const std::string cookie = set.substr(0, set.find(';'));
  EXPECT_TRUE(token.IsInCookie(cookie));
  EXPECT_TRUE(token.IsInCookie(absl::StrCat("other=1; ", cookie, "; last=2")));
  EXPECT_FALSE(token.IsInCookie(""));
  EXPECT_FALSE(token.IsInCookie(absl::StrCat("tributary=", kToken)));
  EXPECT_FALSE(token.IsInCookie(absl::StrCat("other", cookie)));
  EXPECT_FALSE(Token("another token of some length").IsInCookie(cookie));
}

}  // namespace
}  // namespace tributary::tests
