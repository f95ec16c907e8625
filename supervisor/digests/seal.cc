#include "supervisor/digests/seal.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tributary {
namespace {

const unsigned char* Octets(const char* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* Octets(char* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

absl::Status Refused(absl::string_view what) {
  return absl::InternalError(absl::StrCat("digests: OpenSSL refused ", what,
                                          "; this machine's OpenSSL cannot be used for digests"));
}

}  // namespace

absl::StatusOr<std::string> DeriveBytes(std::string_view key, std::string_view purpose,
                                        std::size_t count) {
  EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  if (kdf == nullptr) return Refused("HKDF");
  EVP_KDF_CTX* const derivation = EVP_KDF_CTX_new(kdf);
  EVP_KDF_free(kdf);
  if (derivation == nullptr) return Refused("HKDF");
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<char*>(key.data()),
                                        key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<char*>(purpose.data()),
                                        purpose.size()),
      OSSL_PARAM_construct_end()};
  std::string bytes(count, '\0');
  const int derived = EVP_KDF_derive(derivation, Octets(bytes.data()), count, parameters);
  EVP_KDF_CTX_free(derivation);
  if (derived != 1) return Refused("to derive a key");
  return bytes;
}

absl::StatusOr<std::unique_ptr<Seal>> Seal::Make(std::string_view key) {
  if (key.size() != kKeyBytes) {
    return absl::InvalidArgumentError("digests: a key has to be 32 bytes");
  }
  auto seal = std::make_unique<Seal>();
  seal->closing_.reset(EVP_CIPHER_CTX_new());
  seal->opening_.reset(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* const cipher = EVP_aes_256_gcm();
  if (seal->closing_ == nullptr || seal->opening_ == nullptr ||
      EVP_EncryptInit_ex(seal->closing_.get(), cipher, nullptr, Octets(key.data()), nullptr) != 1 ||
      EVP_DecryptInit_ex(seal->opening_.get(), cipher, nullptr, Octets(key.data()), nullptr) != 1) {
    return Refused("AES-256-GCM");
  }
  return seal;
}

absl::StatusOr<std::string> Seal::Close(std::string_view name, std::string_view plain) {
  std::string sealed(kNonceBytes + plain.size() + kTagBytes, '\0');
  EVP_CIPHER_CTX* const cipher = closing_.get();
  char* const body = sealed.data() + kNonceBytes;
  int length = 0;
  if (RAND_bytes(Octets(sealed.data()), kNonceBytes) != 1 ||
      EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, Octets(sealed.data())) != 1 ||
      EVP_EncryptUpdate(cipher, nullptr, &length, Octets(name.data()),
                        static_cast<int>(name.size())) != 1 ||
      (!plain.empty() && EVP_EncryptUpdate(cipher, Octets(body), &length, Octets(plain.data()),
                                           static_cast<int>(plain.size())) != 1) ||
      EVP_EncryptFinal_ex(cipher, Octets(body) + plain.size(), &length) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, kTagBytes, body + plain.size()) != 1) {
    return Refused("to encrypt a record");
  }
  return sealed;
}

absl::StatusOr<std::string> Seal::Open(std::string_view name, std::string_view sealed) {
  if (sealed.size() < kNonceBytes + kTagBytes) {
    return absl::DataLossError("digests: a record is too short to be sealed");
  }
  const std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(body.size(), '\0');
  EVP_CIPHER_CTX* const cipher = opening_.get();
  int length = 0;
  if (EVP_DecryptInit_ex(cipher, nullptr, nullptr, nullptr, Octets(sealed.data())) != 1 ||
      EVP_DecryptUpdate(cipher, nullptr, &length, Octets(name.data()),
                        static_cast<int>(name.size())) != 1 ||
      (!body.empty() &&
       EVP_DecryptUpdate(cipher, Octets(plain.data()), &length, Octets(body.data()),
                         static_cast<int>(body.size())) != 1) ||
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1) {
    return Refused("to decrypt a record");
  }
  if (EVP_DecryptFinal_ex(cipher, Octets(plain.data()) + plain.size(), &length) != 1) {
    return absl::DataLossError("digests: a record's seal does not fit its bytes; it is damaged");
  }
  return plain;
}

}  // namespace tributary
