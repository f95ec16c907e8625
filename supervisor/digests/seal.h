// AES-256-GCM for records of which each is written whole and once: a random nonce goes with
// each, and a record opens only under the name that it was sealed for.
//
// One thread at a time.
#ifndef TRIBUTARY_SUPERVISOR_DIGESTS_SEAL_H_
#define TRIBUTARY_SUPERVISOR_DIGESTS_SEAL_H_

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary {

// `count` bytes that are derived from `key` for one purpose: HKDF-SHA256.
absl::StatusOr<std::string> DeriveBytes(std::string_view key, std::string_view purpose,
                                        std::size_t count);

class Seal {
 public:
  static constexpr std::size_t kKeyBytes = 32;
  static constexpr std::size_t kNonceBytes = 12;
  static constexpr std::size_t kTagBytes = 16;

  // `key`: kKeyBytes.
  static absl::StatusOr<std::unique_ptr<Seal>> Make(std::string_view key);

  // INTERNAL: OpenSSL refuses.
  absl::StatusOr<std::string> Close(std::string_view name, std::string_view plain);
  // DATA_LOSS: they are not the bytes that were sealed under this name and key.
  absl::StatusOr<std::string> Open(std::string_view name, std::string_view sealed);

 private:
  struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
  };
  using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

  Cipher closing_;
  Cipher opening_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_SEAL_H_
