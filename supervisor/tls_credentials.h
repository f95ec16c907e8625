// What the gRPC server shows of itself: the TLS files as they are when a client connects.
//
// A certificate is renewed by putting new files in the place of the old ones, and nobody
// starts the connector again for it. So the files are looked at when a client connects, and
// are taken when they have changed and fit together. Where they do not, as between the
// writing of a certificate and of its key, the ones before go on serving and the log says
// so. gRPC's own watcher of files does not hold them against each other: it takes a pair
// that does not fit, and refuses each client from then on.
#ifndef TRIBUTARY_SUPERVISOR_TLS_CREDENTIALS_H_
#define TRIBUTARY_SUPERVISOR_TLS_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/status/statusor.h"
#include "common/log.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/settings.h"

namespace tributary {

// Without --tls-cert the port is not encrypted. What it is given outlives the server. Errors
// as ReadTlsFiles.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const Settings& settings, Metrics& metrics, const Logger& log);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_TLS_CREDENTIALS_H_
