// OpenSSL, before the sandbox closes.
#ifndef TRIBUTARY_WORKER_NETWORK_TLS_H_
#define TRIBUTARY_WORKER_NETWORK_TLS_H_

#include "absl/status/status.h"

namespace tributary {

// Makes OpenSSL read its configuration and load its providers, whose files cannot be opened inside
// the sandbox. Once for the process; a driver's own later call has no effect. FAILED_PRECONDITION:
// OpenSSL does not start.
absl::Status PrepareTls();

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_NETWORK_TLS_H_
