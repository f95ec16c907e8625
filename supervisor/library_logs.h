// Sends gRPC's and protobuf's messages to the log instead of stderr, where no one reads them and
// nothing bounds them.
#ifndef TRIBUTARY_SUPERVISOR_LIBRARY_LOGS_H_
#define TRIBUTARY_SUPERVISOR_LIBRARY_LOGS_H_

#include "common/log.h"

namespace tributary {

// For the whole process; called once, before either of them is used. GRPC_VERBOSITY and GRPC_TRACE
// still choose how much gRPC logs.
void LogLibraries(const Logger& log);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_LIBRARY_LOGS_H_
