// The PEM files of TLS, read and looked at before gRPC is given them: gRPC takes anything,
// says that it serves, and refuses each client.
#ifndef TRIBUTARY_SUPERVISOR_TLS_FILES_H_
#define TRIBUTARY_SUPERVISOR_TLS_FILES_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "common/log.h"
#include "supervisor/settings.h"

namespace tributary {

// As they stand in the files; empty where no file was named.
struct TlsFiles {
  std::string cert;
  std::string key;
  std::string client_ca;
  // When the server's own certificate expires.
  std::chrono::system_clock::time_point not_after;
};

// FAILED_PRECONDITION names the flag, the file and what to do: a file that cannot be read,
// that is no PEM or holds something else, a key with a passphrase, a key that does not fit
// its certificate. A certificate that is not valid today is only said in the log: clocks
// may be wrong, and it is renewed without a change of the flag.
absl::StatusOr<TlsFiles> ReadTlsFiles(const Settings& settings, const Logger& log);

// FAILED_PRECONDITION: a certificate among `files`, as ReadTlsFiles gave them, is not valid
// today; which, and what to do.
absl::Status CheckTlsDates(const TlsFiles& files);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_TLS_FILES_H_
