// The worker role: one source connection, one assignment at a time, one ring.
//
// A worker takes its opening and its assignments from the control socket, enters its sandbox before
// it uses the source, and writes answers and rows into its ring. It ends when the socket closes; it
// never outlives its supervisor.
#ifndef TRIBUTARY_WORKER_WORKER_H_
#define TRIBUTARY_WORKER_WORKER_H_

#include <vector>

#include "worker/sources/registry.h"

namespace tributary {

// main() of a worker process; common/worker_start.h says what it gets.
int WorkerMain(int argc, char** argv, const std::vector<Engine>& engines);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_WORKER_H_
