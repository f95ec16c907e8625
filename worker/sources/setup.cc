#include "worker/sources/setup.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tributary {

absl::Status UnusableValue(absl::string_view key, absl::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat("reading the configuration: `", key, "` ", why));
}

absl::Status UnusableSetting(absl::string_view name, absl::string_view value,
                             absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("use --", name, " ", value, ": ", why));
}

std::string_view ValueOf(const Configuration& configuration, const std::string& key) {
  const auto found = configuration.find(key);
  return found == configuration.end() ? std::string_view() : found->second;
}

const EngineSetup* FindSetup(const std::vector<EngineSetup>& setups, std::string_view name) {
  const auto found = std::find_if(setups.begin(), setups.end(),
                                  [name](const EngineSetup& setup) { return setup.name == name; });
  return found == setups.end() ? nullptr : &*found;
}

}  // namespace tributary
