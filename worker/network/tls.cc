#include "worker/network/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>

#include "absl/strings/str_cat.h"

namespace tributary {

absl::Status PrepareTls() {
  // The configuration names the providers; they are loaded when the first context fetches its
  // ciphers.
  const bool loaded =
      OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CONFIG, nullptr) == 1;
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> first(
      loaded ? SSL_CTX_new(TLS_client_method()) : nullptr, &SSL_CTX_free);
  if (first != nullptr) return absl::OkStatus();
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  return absl::FailedPreconditionError(
      absl::StrCat("prepare TLS: OpenSSL does not start: ", reason.data(),
                   "; correct openssl.cnf on the connector's machine"));
}

}  // namespace tributary
