// The list of engines that main() passes to both roles: AllEngines (engines.h) for the connector,
// others for programs of the tests.
#ifndef TRIBUTARY_WORKER_SOURCES_REGISTRY_H_
#define TRIBUTARY_WORKER_SOURCES_REGISTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/pulse.h"
#include "worker/sources/setup.h"
#include "worker/sources/source.h"

namespace tributary {

struct Engine {
  EngineSetup setup;
  // Called in workers only. `pulse` outlives the reader.
  std::unique_ptr<Reader> (*make)(SourceOptions options, Pulse& pulse) = nullptr;
  // The library that reads the database, by name and version: "SQLite 3.46.1". Null: there is none.
  std::string (*library)() = nullptr;
};

// The part that the supervisor gets.
std::vector<EngineSetup> SetupsOf(const std::vector<Engine>& engines);

// The engines' libraries, for --version and metrics.
std::string LibrariesOf(const std::vector<Engine>& engines);

// The reader of the engine that the configuration names. FAILED_PRECONDITION: there is no engine of
// that name.
absl::StatusOr<std::unique_ptr<Reader>> MakeReader(const std::vector<Engine>& engines,
                                                   SourceOptions options, Pulse& pulse);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SOURCES_REGISTRY_H_
