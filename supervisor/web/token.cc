#include "supervisor/web/token.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/limits.h"

namespace tributary {
namespace {

constexpr absl::string_view kBearer = "Bearer ";
constexpr absl::string_view kCookie = "tributary=";
// The digest is useless to someone who has other digests of the same token.
constexpr absl::string_view kCookieOf = "tributary web cookie ";

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

bool MayBeInToken(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("-._~+/=").find(c) != absl::string_view::npos;
}

std::array<unsigned char, SHA256_DIGEST_LENGTH> DigestOf(absl::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

// Its duration reveals nothing, not even lengths.
bool Same(absl::string_view a, absl::string_view b) {
  const auto left = DigestOf(a);
  const auto right = DigestOf(b);
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace

absl::StatusOr<std::string> ReadWebTokenFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // Room for white space and one byte too many.
  std::string bytes(limits::kMaxWebTokenBytes + limits::kKiB, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  const absl::string_view token = absl::StripAsciiWhitespace(bytes);
  if (token.size() >= limits::kLeastWebTokenBytes && token.size() <= limits::kMaxWebTokenBytes &&
      std::all_of(token.begin(), token.end(), MayBeInToken)) {
    return std::string(token);
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "read --web-token-file ", path, ": it has to hold ", limits::kLeastWebTokenBytes, " to ",
      limits::kMaxWebTokenBytes,
      " letters, digits and -._~+/=, and be readable; `openssl rand -hex 32` makes one"));
}

bool Token::IsToken(std::string_view given) const { return Same(Absl(given), token_); }

bool Token::IsAuthorization(std::string_view field) const {
  const absl::string_view text = Absl(field);
  return absl::StartsWithIgnoreCase(text, kBearer) &&
         Same(absl::StripAsciiWhitespace(text.substr(kBearer.size())), token_);
}

bool Token::IsInCookie(std::string_view field) const {
  for (const absl::string_view part : absl::StrSplit(Absl(field), ';')) {
    const absl::string_view cookie = absl::StripAsciiWhitespace(part);
    if (absl::StartsWith(cookie, kCookie) && Same(cookie.substr(kCookie.size()), CookieValue())) {
      return true;
    }
  }
  return false;
}

std::string Token::CookieToSet() const {
  return absl::StrCat(kCookie, CookieValue(), "; HttpOnly; SameSite=Strict; Path=/");
}

std::string Token::CookieValue() const {
  const auto digest = DigestOf(absl::StrCat(kCookieOf, token_));
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace tributary
