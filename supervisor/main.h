// Both roles of one executable.
#ifndef TRIBUTARY_SUPERVISOR_MAIN_H_
#define TRIBUTARY_SUPERVISOR_MAIN_H_

#include <vector>

#include "worker/sources/registry.h"

namespace tributary {

// Runs the supervisor, or a worker if the command line says so, with these engines. Returns
// main()'s exit code.
int Main(int argc, char** argv, const std::vector<Engine>& engines);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_MAIN_H_
