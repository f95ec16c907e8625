// The gRPC server's TLS files, as they are when a client connects.
//
// A certificate is renewed by replacing the files, without a restart of the connector. So the files
// are checked when a client connects, and used if they have changed and match each other. If they
// do not match, for example between the writing of a certificate and of its key, the previous ones
// stay in use, and the log says so. gRPC's own file watcher does not check that they match: it
// takes a pair that does not, and from then on refuses every client.
#ifndef TRIBUTARY_SUPERVISOR_TLS_CREDENTIALS_H_
#define TRIBUTARY_SUPERVISOR_TLS_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/status/statusor.h"
#include "common/log.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/settings.h"

namespace tributary {

// Without --tls-cert the port is not encrypted. The arguments outlive the server. Errors as
// ReadTlsFiles.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const Settings& settings, Metrics& metrics, const Logger& log);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_TLS_CREDENTIALS_H_
