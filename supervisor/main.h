// Both roles of one executable.
#ifndef TRIBUTARY_SUPERVISOR_MAIN_H_
#define TRIBUTARY_SUPERVISOR_MAIN_H_

#include <vector>

#include "worker/sources/registry.h"

namespace tributary {

// The supervisor, and where the command line says so one of its workers, each with these
// engines. What main() returns.
int Main(int argc, char** argv, const std::vector<Engine>& engines);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_MAIN_H_
