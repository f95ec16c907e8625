// The engines there are. A new one is added here; README.md has the checklist.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/sources/source.h"
#include "worker/sources/sqlite/source.h"

namespace tributary {

absl::StatusOr<std::unique_ptr<Source>> MakeSource(SourceOptions options, Pulse& pulse) {
  const auto named = options.configuration.find("source");
  if (named == options.configuration.end() || named->second.empty()) {
    return absl::FailedPreconditionError(
        "read configuration: `source` is missing; choose the kind of database to read");
  }
  if (named->second == "sqlite") {
    return std::make_unique<SqliteSource>(std::move(options), pulse);
  }
  return absl::FailedPreconditionError(absl::StrCat("read configuration: `source` names \"",
                                                    named->second.substr(0, 64),
                                                    "\", which is not known; choose sqlite"));
}

}  // namespace tributary
