// The worker role: one source connection, one assignment at a time, one ring.
//
// A worker takes its opening and its assignments from the control socket, limits
// itself before it touches the source, answers tests, descriptions and slicings
// on the socket and writes what it reads into its ring. It ends when the socket
// closes; it never outlives its supervisor.
#ifndef TRIBUTARY_WORKER_WORKER_H_
#define TRIBUTARY_WORKER_WORKER_H_

#include <vector>

#include "worker/sources/registry.h"

namespace tributary {

// main() of a worker process; see common/worker_start.h for what it is given.
int WorkerMain(int argc, char** argv, const std::vector<Engine>& engines);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_WORKER_H_
