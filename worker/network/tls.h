// OpenSSL, before the sandbox closes.
#ifndef TRIBUTARY_WORKER_NETWORK_TLS_H_
#define TRIBUTARY_WORKER_NETWORK_TLS_H_

#include "absl/status/status.h"

namespace tributary {

// Has OpenSSL read its configuration and load what it loads at its first use, for which
// there are no files inside the sandbox. Once for the process; a driver's own call of it
// later finds it done. FAILED_PRECONDITION: OpenSSL does not start.
absl::Status PrepareTls();

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_NETWORK_TLS_H_
