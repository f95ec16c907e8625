#include "supervisor/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

constexpr char kCert[] = "--tls-cert";
constexpr char kKey[] = "--tls-key";
constexpr char kClientCa[] = "--tls-client-ca";

struct Freed {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Freed>;
using Certificate = std::unique_ptr<X509, Freed>;
using Key = std::unique_ptr<EVP_PKEY, Freed>;

absl::Status Unusable(const char* flag, const std::string& path, const std::string& why) {
  ERR_clear_error();
  return absl::FailedPreconditionError(absl::StrCat("read ", flag, " ", path, ": ", why));
}

absl::StatusOr<std::string> ReadPem(const char* flag, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    return Unusable(
        flag, path,
        absl::StrCat(std::strerror(errno), "; name a file that tributary's user may read"));
  }
  std::string pem(limits::kMaxPemFileBytes + 1, '\0');
  file.read(pem.data(), static_cast<std::streamsize>(pem.size()));
  pem.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || pem.empty() || pem.size() > limits::kMaxPemFileBytes) {
    return Unusable(flag, path,
                    "it is empty, too large, or cannot be read; name a file in PEM form");
  }
  return pem;
}

Bio Open(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// All certificates of the file; FAILED_PRECONDITION if it has none, or one that does not parse.
absl::StatusOr<std::vector<Certificate>> Certificates(const char* flag, const std::string& path,
                                                      const std::string& pem) {
  std::vector<Certificate> found;
  const Bio bio = Open(pem);
  while (X509* const one = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)) {
    found.emplace_back(one);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (found.empty() || !at_end) {
    return Unusable(flag, path,
                    absl::StrCat(found.empty() ? "it holds no certificate in PEM form"
                                               : "a certificate after its first one is damaged",
                                 "; give PEM, from BEGIN CERTIFICATE to END CERTIFICATE"));
  }
  return found;
}

// No one is there to type a passphrase.
int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

absl::Status CheckKey(const Settings& settings, const std::string& pem, X509* certificate) {
  bool asked = false;
  const Bio bio = Open(pem);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassphrase, &asked));
  if (key == nullptr) {
    return Unusable(kKey, settings.tls_key,
                    asked ? "it is encrypted with a passphrase; give the key without one"
                          : "it holds no private key in PEM form; give PEM, from BEGIN PRIVATE "
                            "KEY to END PRIVATE KEY");
  }
  if (X509_check_private_key(certificate, key.get()) != 1) {
    return Unusable(
        kKey, settings.tls_key,
        absl::StrCat("it does not fit the first certificate in ", kCert, " ", settings.tls_cert,
                     "; give the key that belongs to it, and the server's own "
                     "certificate ahead of its authorities'"));
  }
  return absl::OkStatus();
}

constexpr char kRenew[] = "renew it, or check this machine's clock";

// Null: it is valid today.
const char* WrongDate(const X509* certificate) {
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) return "it has expired";
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) return "it is not valid yet";
  return nullptr;
}

void LogDates(const char* flag, const std::string& path, const X509* certificate,
              const Logger& log) {
  const char* const wrong = WrongDate(certificate);
  if (wrong == nullptr) return;
  log.Warning("a certificate is not valid today, and clients may refuse it",
              {{"flag", flag}, {"file", path}, {log_key::kError, wrong}, {log_key::kHint, kRenew}});
}

std::chrono::system_clock::time_point NotAfter(const X509* certificate) {
  tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&utc));
}

}  // namespace

absl::StatusOr<TlsFiles> ReadTlsFiles(const Settings& settings, const Logger& log) {
  TlsFiles files;
  if (settings.tls_cert.empty()) return files;
  auto cert = ReadPem(kCert, settings.tls_cert);
  if (!cert.ok()) return cert.status();
  files.cert = *std::move(cert);
  const auto chain = Certificates(kCert, settings.tls_cert, files.cert);
  if (!chain.ok()) return chain.status();
  files.not_after = NotAfter(chain->front().get());
  auto key = ReadPem(kKey, settings.tls_key);
  if (!key.ok()) return key.status();
  files.key = *std::move(key);
  absl::Status fits = CheckKey(settings, files.key, chain->front().get());
  if (!fits.ok()) return fits;
  for (const Certificate& one : *chain) LogDates(kCert, settings.tls_cert, one.get(), log);
  if (settings.tls_client_ca.empty()) return files;
  auto ca = ReadPem(kClientCa, settings.tls_client_ca);
  if (!ca.ok()) return ca.status();
  files.client_ca = *std::move(ca);
  const auto authorities = Certificates(kClientCa, settings.tls_client_ca, files.client_ca);
  if (!authorities.ok()) return authorities.status();
  for (const Certificate& one : *authorities) {
    LogDates(kClientCa, settings.tls_client_ca, one.get(), log);
  }
  return files;
}

absl::Status CheckTlsDates(const TlsFiles& files) {
  for (const auto& [flag, pem] : {std::pair(kCert, &files.cert), {kClientCa, &files.client_ca}}) {
    if (pem->empty()) continue;
    const auto certificates = Certificates(flag, "", *pem);
    if (!certificates.ok()) return certificates.status();
    for (const Certificate& one : *certificates) {
      const char* const wrong = WrongDate(one.get());
      if (wrong == nullptr) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("a certificate of ", flag, ": ", wrong, "; ", kRenew));
    }
  }
  return absl::OkStatus();
}

}  // namespace tributary
