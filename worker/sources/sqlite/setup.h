// The setup of the engine "sqlite", for both roles.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_SETUP_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_SETUP_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "worker/sources/setup.h"

namespace tributary::sqlite {

inline constexpr char kEngine[] = "sqlite";
// Keys of the configuration.
inline constexpr char kDatabasePathKey[] = "database_path";
// The operator's setting: the folder that confines the database's path.
inline constexpr char kRootSetting[] = "sqlite-root";

// Linux accepts no longer path; without the terminating NUL.
inline constexpr std::size_t kMaxDatabasePathBytes = 4095;

EngineSetup Setup();

// The database's path as the user wrote it. The engine checks that it exists, is a database and is
// in an allowed place. FAILED_PRECONDITION if it cannot be a path.
absl::StatusOr<std::string> DatabasePath(const Configuration& configuration);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_SETUP_H_
