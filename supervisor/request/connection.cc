#include "supervisor/request/connection.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/digest.h"
#include "worker/sources/setup.h"

namespace tributary {
namespace {

constexpr std::size_t kIdDigits = 32;

std::string Choices(const std::vector<EngineSetup>& setups) {
  return absl::StrJoin(setups, ", ", [](std::string* text, const EngineSetup& setup) {
    absl::StrAppend(text, setup.name);
  });
}

}  // namespace

absl::StatusOr<Connection> ReadConnection(
    const std::vector<EngineSetup>& setups,
    const google::protobuf::Map<std::string, std::string>& configuration) {
  const Configuration values(configuration.begin(), configuration.end());
  const std::string_view source = ValueOf(values, kSourceKey);
  if (source.empty()) {
    return UnusableValue(kSourceKey, absl::StrCat("is missing; choose one of: ", Choices(setups)));
  }
  const EngineSetup* const setup = FindSetup(setups, source);
  // Without the value: the user may have put a secret there by mistake.
  if (setup == nullptr) {
    return UnusableValue(kSourceKey,
                         absl::StrCat("names no known source; choose one of: ", Choices(setups)));
  }
  const auto database = setup->identify(values);
  if (!database.ok()) return database.status();
  Digest id;
  id.Text(source);
  for (const std::string& part : database->parts) id.Text(part);
  const std::string_view name = ValueOf(values, kConnectionNameKey);
  if (name.size() > kMaxConnectionNameBytes) {
    return UnusableValue(kConnectionNameKey,
                         absl::StrCat("is ", name.size(), " bytes long; give a name of at most ",
                                      kMaxConnectionNameBytes));
  }
  if (!name.empty()) id.Text(kConnectionNameKey).Text(name);
  return Connection{.source = std::string(source),
                    .id = id.Hex(kIdDigits),
                    .database = database->name,
                    .most_workers = database->most_workers};
}

}  // namespace tributary
