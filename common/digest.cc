// OpenSSL's older interface: the newer one looks algorithms up and reads configuration files for
// that.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "common/digest.h"

#include <openssl/sha.h>

#include <array>
#include <bit>

#include "absl/strings/escaping.h"

namespace tributary {

Digest& Digest::Text(std::string_view text) {
  Number(text.size());
  bytes_ += text;
  return *this;
}

Digest& Digest::Number(std::uint64_t number) {
  static_assert(std::endian::native == std::endian::little);
  bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
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
