// Reads and checks the PEM files of TLS before gRPC gets them: gRPC would accept anything, start to
// serve, and refuse every client.
#ifndef TRIBUTARY_SUPERVISOR_TLS_FILES_H_
#define TRIBUTARY_SUPERVISOR_TLS_FILES_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "common/log.h"
#include "supervisor/settings.h"

namespace tributary {

// The files' contents; empty if no file was named.
struct TlsFiles {
  std::string cert;
  std::string key;
  std::string client_ca;
  // When the server's own certificate expires.
  std::chrono::system_clock::time_point not_after;
};

// FAILED_PRECONDITION names the flag, the file and what to do: a file that cannot be read, is not
// PEM or holds something else, a key with a passphrase, a key that does not match its certificate.
// A certificate that is not valid today is only logged: the clock may be wrong, and the file is
// renewed without a change of the flag.
absl::StatusOr<TlsFiles> ReadTlsFiles(const Settings& settings, const Logger& log);

// FAILED_PRECONDITION: a certificate among `files`, which are ReadTlsFiles' result, is not valid
// today; the text says which, and what to do.
absl::Status CheckTlsDates(const TlsFiles& files);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_TLS_FILES_H_
