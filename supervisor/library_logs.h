// What gRPC and protobuf say comes through the log, and not to stderr, where nobody
// reads it and nothing bounds it.
#ifndef TRIBUTARY_SUPERVISOR_LIBRARY_LOGS_H_
#define TRIBUTARY_SUPERVISOR_LIBRARY_LOGS_H_

#include "common/log.h"

namespace tributary {

// For the whole process; called once, before either of them is used. How much gRPC says
// is still GRPC_VERBOSITY's and GRPC_TRACE's to choose.
void LogLibraries(const Logger& log);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_LIBRARY_LOGS_H_
