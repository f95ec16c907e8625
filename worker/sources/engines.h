// The engines that tributary supports. A separate library, because only it links every driver.
#ifndef TRIBUTARY_WORKER_SOURCES_ENGINES_H_
#define TRIBUTARY_WORKER_SOURCES_ENGINES_H_

#include <vector>

#include "worker/sources/registry.h"

namespace tributary {

// In the order of the setup page. Add a new engine in engines.cc; README.md has the checklist.
std::vector<Engine> AllEngines();

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SOURCES_ENGINES_H_
