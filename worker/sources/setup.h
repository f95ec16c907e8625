// What both roles know about a database engine: the fields of the setup page, the setup tests, the
// operator's settings, and the meaning of a configuration. None of this needs a driver, and nothing
// here opens a source.
//
// Each engine has a setup library in addition to its engine library (worker/sources/NAME/setup.h).
// Values; any thread.
#ifndef TRIBUTARY_WORKER_SOURCES_SETUP_H_
#define TRIBUTARY_WORKER_SOURCES_SETUP_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/common.pb.h"

namespace tributary {

// As the user filled in the setup page; includes credentials.
using Configuration = std::map<std::string, std::string>;
// The operator's settings for engines, by the names of their flags.
using OperatorSettings = std::map<std::string, std::string>;

// The configuration's key that names the engine.
inline constexpr char kSourceKey[] = "source";
// Any engine: distinguishes connections to one database; without it there is one.
inline constexpr char kConnectionNameKey[] = "connection_name";
inline constexpr std::size_t kMaxConnectionNameBytes = 100;

// Setup tests that every engine has: the source can be opened, and its tables can be
// listed and read.
inline constexpr char kConnectTest[] = "connect";
inline constexpr char kReadTest[] = "read";

// One command-line flag of an engine.
struct OperatorSetting {
  // Without leading dashes. It gives flag and environment variable: sqlite-root is --sqlite-root
  // and TRIBUTARY_SQLITE_ROOT.
  std::string name = {};
  std::string description = {};
  std::string default_value = {};
  // Its value is a folder that the connector reads; without the folder the program does not start.
  bool is_folder = false;
  // OK, or UnusableSetting if `value` cannot work: the program then does not start, and
  // `tributary check` says so. Opens no file. Null: every value can work.
  absl::Status (*check)(const std::string& value) = nullptr;
};

// Which database a configuration names, and how it may be used. Nothing secret.
struct DatabaseIdentity {
  // Distinguishes it from all others of its engine, as the user wrote it; the connection's id is
  // made from it. Must not hold anything that may change while the database stays the same.
  std::vector<std::string> parts = {};
  // The name for people, in logs.
  std::string name = {};
  // The most workers that may copy at a time; 0: as many as the operator allows.
  std::size_t most_workers = 0;
};

struct EngineSetup {
  // The value of kSourceKey, and the engine's name in logs, metrics and the state.
  std::string name = {};
  // Its description on the setup page.
  std::string label = {};
  std::string description = {};
  // Shown if this engine is chosen.
  std::vector<fivetran_sdk::v2::FormField> fields = {};
  // In the order in which they run, kConnectTest and kReadTest first. The page lists the tests of
  // all engines; tests of one name have the same label in each.
  std::vector<fivetran_sdk::v2::ConfigurationTest> tests = {};
  std::vector<OperatorSetting> operator_settings = {};
  // FAILED_PRECONDITION, with a text for the user, if a value is missing or cannot be right; the
  // text never repeats a value.
  absl::StatusOr<DatabaseIdentity> (*identify)(const Configuration& configuration) = nullptr;
};

// FAILED_PRECONDITION that names the key: "reading the configuration: `key` why".
absl::Status UnusableValue(absl::string_view key, absl::string_view why);

// FAILED_PRECONDITION that names the operator's flag and its value: "use --NAME VALUE: WHY". `why`
// says what is wanted instead.
absl::Status UnusableSetting(absl::string_view name, absl::string_view value,
                             absl::string_view why);

// The value of `key`; empty if there is none.
std::string_view ValueOf(const Configuration& configuration, const std::string& key);

// Null if none has that name.
const EngineSetup* FindSetup(const std::vector<EngineSetup>& setups, std::string_view name);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SOURCES_SETUP_H_
