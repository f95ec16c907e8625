// The command line and its environment twins (TRIBUTARY_…).
#ifndef TRIBUTARY_SUPERVISOR_SETTINGS_H_
#define TRIBUTARY_SUPERVISOR_SETTINGS_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/limits.h"
#include "common/log.h"

namespace tributary {

struct EngineSetup;

struct Settings {
  // `tributary check`: look at all that a start needs (start_check.h), and do not start.
  bool check = false;
  std::uint16_t port = 50051;
  // Worker processes for each sync.
  std::size_t workers = 1;
  std::string staging_dir;
  // Bytes on disk for each connection.
  std::uint64_t staging_limit_bytes = 0;
  // 32 bytes, raw or as 64 hexadecimal digits; empty: a key for each epoch, which
  // travels in the state.
  std::string staging_key_file;
  std::chrono::milliseconds checkpoint_interval{10000};
  // The flags that engines have of their own, by name.
  std::map<std::string, std::string> for_engines;
  std::size_t max_syncs = 4;
  // Without a sign of life for so long a client is taken for lost.
  std::chrono::seconds client_timeout = limits::kDefaultClientTimeout;
  // HOST:PORT or PORT; empty: neither metrics nor the page are served.
  std::string metrics_address;
  // Who reads the page has to know what is in it; empty: nobody is asked.
  std::string web_token_file;
  // Of how many tables of each sync the metrics tell.
  std::size_t table_metrics = 0;
  LogFormat log_format = LogFormat::kJson;
  std::string tls_cert;
  std::string tls_key;
  std::string tls_client_ca;
};

// The settings, or the exit code where the command line asked for --help or
// --version or is wrong; what is to be said has been printed then.
struct ParsedSettings {
  std::optional<Settings> settings;
  int exit_code = 0;
};
// `libraries` is what --version says besides the program's own. A wrong command line is in
// the log too, where an operator looks for why the program does not serve.
ParsedSettings ParseSettings(int argc, char** argv, const std::vector<EngineSetup>& setups,
                             const std::string& libraries, const Logger& log);

// Whether a command line asks for a check, also one that is wrong otherwise.
bool AsksForCheck(int argc, char** argv);

// The program's own.
const char* ProgramVersion();

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SETTINGS_H_
