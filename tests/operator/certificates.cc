#include "tests/operator/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <memory>

namespace tributary::tests {
namespace {

constexpr long kDay = 24 * 3600;
char passphrase[] = "passphrase";

struct Freed {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};

// Without its certificate a test proves nothing, so it ends.
void Require(bool done) {
  if (!done) std::abort();
}

template <typename Write>
std::string Pem(const Write& write) {
  const std::unique_ptr<BIO, Freed> bio(BIO_new(BIO_s_mem()));
  Require(write(bio.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

void Extend(X509* certificate, int name, const char* value) {
  const std::unique_ptr<X509_EXTENSION, Freed> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, name, value));
  Require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

}  // namespace

KeyPair MakeKeyPair(int days) {
  const std::unique_ptr<EVP_PKEY, Freed> key(EVP_EC_gen("P-256"));
  const std::unique_ptr<X509, Freed> certificate(X509_new());
  Require(key != nullptr && certificate != nullptr);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), days < 0 ? 2 * days * kDay : -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * kDay);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  Extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  Extend(certificate.get(), NID_subject_alt_name, "DNS:localhost");
  Require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  KeyPair pair;
  pair.certificate = Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  pair.key = Pem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  pair.encrypted_key = Pem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), EVP_aes_256_cbc(), nullptr, 0, nullptr,
                                    passphrase);
  });
  return pair;
}

}  // namespace tributary::tests
