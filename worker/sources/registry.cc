#include "worker/sources/registry.h"

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"

namespace tributary {

std::vector<EngineSetup> SetupsOf(const std::vector<Engine>& engines) {
  std::vector<EngineSetup> setups;
  setups.reserve(engines.size());
  for (const Engine& engine : engines) setups.push_back(engine.setup);
  return setups;
}

std::string LibrariesOf(const std::vector<Engine>& engines) {
  std::vector<std::string> libraries;
  for (const Engine& engine : engines) {
    if (engine.library != nullptr) libraries.push_back(engine.library());
  }
  return absl::StrJoin(libraries, ", ");
}

absl::StatusOr<std::unique_ptr<Reader>> MakeReader(const std::vector<Engine>& engines,
                                                   SourceOptions options, Pulse& pulse) {
  const std::string_view named = ValueOf(options.configuration, kSourceKey);
  for (const Engine& engine : engines) {
    if (engine.setup.name == named) return engine.make(std::move(options), pulse);
  }
  return absl::FailedPreconditionError(
      "open source: the configuration names none that this worker knows; supervisor and worker "
      "have to be of one executable");
}

}  // namespace tributary
