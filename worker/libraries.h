// The libraries that read databases, for those who ask which ones are inside.
#ifndef TRIBUTARY_WORKER_LIBRARIES_H_
#define TRIBUTARY_WORKER_LIBRARIES_H_

#include <string>

namespace tributary {

// By name and version, as they are linked: "SQLite 3.40.1".
std::string LibraryVersions();

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_LIBRARIES_H_
