// OpenSSL's AES-256-GCM and HKDF-SHA256, for everything that is encrypted on the local disk.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_AES_GCM_H_
#define TRIBUTARY_SUPERVISOR_STAGING_AES_GCM_H_

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary {

// For error texts: the user of the cipher and what is sealed: "staging", "block".
struct SealedThing {
  const char* owner;
  const char* thing;
};

// `count` bytes that are derived from `key` and `salt`, which may be empty, for one purpose.
// INTERNAL: OpenSSL refuses.
absl::StatusOr<std::string> DeriveBytes(const char* owner, std::string_view key,
                                        std::string_view salt, std::string_view purpose,
                                        std::size_t count);

// INTERNAL: OpenSSL refuses.
absl::StatusOr<std::string> DrawBytes(const char* owner, std::size_t count);

// Under one key. For one thread at a time.
class AesGcm {
 public:
  static constexpr std::size_t kKeyBytes = 32;
  static constexpr std::size_t kNonceBytes = 12;
  static constexpr std::size_t kTagBytes = 16;

  // `key`: kKeyBytes. INTERNAL: OpenSSL refuses.
  static absl::StatusOr<AesGcm> Make(const SealedThing& names, std::string_view key);

  // Encrypts `plain` to `sealed`, which takes kTagBytes more; both may be the same place.
  // `nonce`: kNonceBytes, never twice under one key. `authenticated` is authenticated and not
  // encrypted. INTERNAL: OpenSSL refuses.
  absl::Status Seal(const char* nonce, std::string_view authenticated, std::string_view plain,
                    char* sealed);

  // The reverse; `sealed` has at least kTagBytes, and `plain` takes that many fewer. DATA_LOSS:
  // these are not the bytes that were sealed.
  absl::Status Open(const char* nonce, std::string_view authenticated, std::string_view sealed,
                    char* plain);

 private:
  // Freeing a cipher object wipes the key in it.
  struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
  };
  using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

  explicit AesGcm(const SealedThing& names) : names_(names) {}

  SealedThing names_;
  Cipher sealing_;
  Cipher opening_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_AES_GCM_H_
