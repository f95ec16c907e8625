#include "supervisor/staging/segment_cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <cassert>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "supervisor/staging/bytes.h"

namespace tributary {
namespace {

constexpr std::size_t kSegmentKeyBytes = 32;
constexpr std::string_view kPurpose = "tributary staging segment";

const unsigned char* Octets(const char* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* Octets(char* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

absl::Status OpenSslRefused(absl::string_view what) {
  return absl::InternalError(absl::StrCat("staging: OpenSSL refused ", what,
                                          "; this machine's OpenSSL cannot be used for staging"));
}

absl::Status DeriveKey(std::string_view epoch_key, std::string_view salt, std::string_view purpose,
                       unsigned char* key) {
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  if (kdf == nullptr) return OpenSslRefused("HKDF");
  EVP_KDF_CTX* derivation = EVP_KDF_CTX_new(kdf);
  EVP_KDF_free(kdf);
  if (derivation == nullptr) return OpenSslRefused("HKDF");
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<char*>(epoch_key.data()),
                                        epoch_key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, const_cast<char*>(salt.data()),
                                        salt.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<char*>(purpose.data()),
                                        purpose.size()),
      OSSL_PARAM_construct_end()};
  const int derived = EVP_KDF_derive(derivation, key, kSegmentKeyBytes, parameters);
  EVP_KDF_CTX_free(derivation);
  return derived == 1 ? absl::OkStatus() : OpenSslRefused("deriving a segment's key");
}

}  // namespace

EncodedBlockKey EncodeBlockKey(BlockKey key) {
  EncodedBlockKey encoded;
  StoreBig(key.position, encoded.data());
  StoreBig(key.part, encoded.data() + sizeof(key.position));
  return encoded;
}

absl::StatusOr<BlockKey> DecodeBlockKey(std::string_view encoded) {
  if (encoded.size() != kBlockKeyBytes) {
    return absl::InvalidArgumentError("staging: a key has the wrong length");
  }
  return BlockKey{LoadBig<std::uint64_t>(encoded.data()),
                  LoadBig<std::uint32_t>(encoded.data() + sizeof(std::uint64_t))};
}

absl::StatusOr<std::unique_ptr<SegmentCipher>> SegmentCipher::Derive(std::string_view epoch_key,
                                                                     std::string_view salt,
                                                                     std::uint64_t epoch,
                                                                     std::uint64_t segment) {
  if (epoch_key.size() != kEpochKeyBytes) {
    return absl::InvalidArgumentError("staging: an epoch's key has to be 32 bytes");
  }
  std::string purpose(kPurpose);
  purpose.resize(kPurpose.size() + 2 * sizeof(std::uint64_t));
  StoreLittle(epoch, purpose.data() + kPurpose.size());
  StoreLittle(segment, purpose.data() + kPurpose.size() + sizeof(epoch));

  unsigned char key[kSegmentKeyBytes];
  std::unique_ptr<SegmentCipher> cipher(new SegmentCipher);
  absl::Status status = DeriveKey(epoch_key, salt, purpose, key);
  if (status.ok()) status = cipher->Prepare(key);
  OPENSSL_cleanse(key, sizeof(key));
  if (!status.ok()) return status;
  return cipher;
}

// Freeing a cipher object wipes the key in it.
SegmentCipher::~SegmentCipher() = default;

absl::Status SegmentCipher::Prepare(const unsigned char* key) {
  sealing_.reset(EVP_CIPHER_CTX_new());
  opening_.reset(EVP_CIPHER_CTX_new());
  if (sealing_ == nullptr || opening_ == nullptr ||
      EVP_EncryptInit_ex(sealing_.get(), EVP_aes_256_gcm(), nullptr, key, nullptr) != 1 ||
      EVP_DecryptInit_ex(opening_.get(), EVP_aes_256_gcm(), nullptr, key, nullptr) != 1) {
    return OpenSslRefused("AES-256-GCM");
  }
  return absl::OkStatus();
}

absl::Status SegmentCipher::Seal(BlockKey key, std::string_view authenticated, const char* plain,
                                 std::size_t size, char* sealed) {
  assert(!sealed_any_ || key > last_sealed_);
  sealed_any_ = true;
  last_sealed_ = key;
  const EncodedBlockKey nonce = EncodeBlockKey(key);
  EVP_CIPHER_CTX* const cipher = sealing_.get();
  int length = 0;
  if (EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, Octets(nonce.data())) != 1 ||
      EVP_EncryptUpdate(cipher, nullptr, &length, Octets(authenticated.data()),
                        static_cast<int>(authenticated.size())) != 1 ||
      (size > 0 && EVP_EncryptUpdate(cipher, Octets(sealed), &length, Octets(plain),
                                     static_cast<int>(size)) != 1) ||
      EVP_EncryptFinal_ex(cipher, Octets(sealed) + size, &length) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, kTagBytes, sealed + size) != 1) {
    return OpenSslRefused("to encrypt a block");
  }
  return absl::OkStatus();
}

absl::Status SegmentCipher::Open(BlockKey key, std::string_view authenticated,
                                 std::string_view sealed, char* plain) {
  if (sealed.size() < kTagBytes) {
    return absl::DataLossError("staging: a value is too short to be a sealed block");
  }
  const std::size_t size = sealed.size() - kTagBytes;
  const EncodedBlockKey nonce = EncodeBlockKey(key);
  char tag[kTagBytes];
  sealed.copy(tag, kTagBytes, size);
  EVP_CIPHER_CTX* const cipher = opening_.get();
  int length = 0;
  if (EVP_DecryptInit_ex(cipher, nullptr, nullptr, nullptr, Octets(nonce.data())) != 1 ||
      EVP_DecryptUpdate(cipher, nullptr, &length, Octets(authenticated.data()),
                        static_cast<int>(authenticated.size())) != 1 ||
      (size > 0 && EVP_DecryptUpdate(cipher, Octets(plain), &length, Octets(sealed.data()),
                                     static_cast<int>(size)) != 1) ||
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag) != 1) {
    return OpenSslRefused("to decrypt a block");
  }
  if (EVP_DecryptFinal_ex(cipher, Octets(plain) + size, &length) != 1) {
    return absl::DataLossError("staging: a block's seal does not fit its bytes; it is damaged");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RandomSalt() {
  std::string salt(SegmentCipher::kSaltBytes, '\0');
  if (RAND_bytes(Octets(salt.data()), static_cast<int>(salt.size())) != 1) {
    return OpenSslRefused("random bytes");
  }
  return salt;
}

}  // namespace tributary
