#include "supervisor/staging/aes_gcm.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <cassert>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tributary {
namespace {

const unsigned char* Octets(const char* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* Octets(char* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

absl::Status Refused(const char* owner, absl::string_view what) {
  return absl::InternalError(absl::StrCat(owner, ": OpenSSL refused ", what,
                                          "; this machine's OpenSSL cannot be used for ", owner));
}

OSSL_PARAM Octets(const char* name, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());
}

}  // namespace

absl::StatusOr<std::string> DeriveBytes(const char* owner, std::string_view key,
                                        std::string_view salt, std::string_view purpose,
                                        std::size_t count) {
  EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  if (kdf == nullptr) return Refused(owner, "HKDF");
  EVP_KDF_CTX* const derivation = EVP_KDF_CTX_new(kdf);
  EVP_KDF_free(kdf);
  if (derivation == nullptr) return Refused(owner, "HKDF");
  char digest[] = "SHA256";
  std::vector<OSSL_PARAM> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      Octets(OSSL_KDF_PARAM_KEY, key), Octets(OSSL_KDF_PARAM_INFO, purpose)};
  if (!salt.empty()) parameters.push_back(Octets(OSSL_KDF_PARAM_SALT, salt));
  parameters.push_back(OSSL_PARAM_construct_end());
  std::string bytes(count, '\0');
  const int derived = EVP_KDF_derive(derivation, Octets(bytes.data()), count, parameters.data());
  EVP_KDF_CTX_free(derivation);
  if (derived != 1) return Refused(owner, "to derive a key");
  return bytes;
}

absl::StatusOr<std::string> DrawBytes(const char* owner, std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(Octets(bytes.data()), static_cast<int>(count)) != 1) {
    return Refused(owner, "random bytes");
  }
  return bytes;
}

absl::StatusOr<AesGcm> AesGcm::Make(const SealedThing& names, std::string_view key) {
  assert(key.size() == kKeyBytes);
  AesGcm made(names);
  made.sealing_.reset(EVP_CIPHER_CTX_new());
  made.opening_.reset(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* const cipher = EVP_aes_256_gcm();
  const unsigned char* const bytes = Octets(key.data());
  if (made.sealing_ == nullptr || made.opening_ == nullptr ||
      EVP_EncryptInit_ex(made.sealing_.get(), cipher, nullptr, bytes, nullptr) != 1 ||
      EVP_DecryptInit_ex(made.opening_.get(), cipher, nullptr, bytes, nullptr) != 1) {
    return Refused(names.owner, "AES-256-GCM");
  }
  return made;
}

absl::Status AesGcm::Seal(const char* nonce, std::string_view authenticated, std::string_view plain,
                          char* sealed) {
  EVP_CIPHER_CTX* const cipher = sealing_.get();
  int length = 0;
  if (EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, Octets(nonce)) != 1 ||
      EVP_EncryptUpdate(cipher, nullptr, &length, Octets(authenticated.data()),
                        static_cast<int>(authenticated.size())) != 1 ||
      (!plain.empty() && EVP_EncryptUpdate(cipher, Octets(sealed), &length, Octets(plain.data()),
                                           static_cast<int>(plain.size())) != 1) ||
      EVP_EncryptFinal_ex(cipher, Octets(sealed) + plain.size(), &length) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, kTagBytes, sealed + plain.size()) != 1) {
    return Refused(names_.owner, absl::StrCat("to encrypt a ", names_.thing));
  }
  return absl::OkStatus();
}

absl::Status AesGcm::Open(const char* nonce, std::string_view authenticated,
                          std::string_view sealed, char* plain) {
  const std::size_t size = sealed.size() - kTagBytes;
  char tag[kTagBytes];
  sealed.copy(tag, kTagBytes, size);
  EVP_CIPHER_CTX* const cipher = opening_.get();
  int length = 0;
  if (EVP_DecryptInit_ex(cipher, nullptr, nullptr, nullptr, Octets(nonce)) != 1 ||
      EVP_DecryptUpdate(cipher, nullptr, &length, Octets(authenticated.data()),
                        static_cast<int>(authenticated.size())) != 1 ||
      (size > 0 && EVP_DecryptUpdate(cipher, Octets(plain), &length, Octets(sealed.data()),
                                     static_cast<int>(size)) != 1) ||
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag) != 1) {
    return Refused(names_.owner, absl::StrCat("to decrypt a ", names_.thing));
  }
  if (EVP_DecryptFinal_ex(cipher, Octets(plain) + size, &length) != 1) {
    return absl::DataLossError(absl::StrCat(names_.owner, ": a ", names_.thing,
                                            "'s seal does not match its bytes; it is damaged"));
  }
  return absl::OkStatus();
}

}  // namespace tributary
