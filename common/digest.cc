// OpenSSL's older interface: the newer one looks algorithms up and reads configuration files for
// that.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "common/digest.h"

#include <openssl/sha.h>

#include <array>

#include "absl/strings/escaping.h"

namespace tributary {

Digest& Digest::Text(std::string_view text) {
  Number(text.size());
  bytes_ += text;
  return *this;
}

Digest& Digest::Number(std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) {
    bytes_ += static_cast<char>((number >> shift) & 0xff);
  }
  return *this;
}

std::string Digest::Hex(std::size_t digits) const {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256_CTX sha;
  SHA256_Init(&sha);
  SHA256_Update(&sha, bytes_.data(), bytes_.size());
  SHA256_Final(hash.data(), &sha);
  return absl::BytesToHexString({reinterpret_cast<const char*>(hash.data()), hash.size()})
      .substr(0, digits);
}

}  // namespace tributary
