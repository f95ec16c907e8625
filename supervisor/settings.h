// The command line and its environment variables (TRIBUTARY_…).
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
  // `tributary check`: check everything that a start needs (start_check.h), and do not start.
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
  // The engines' own flags, by name.
  std::map<std::string, std::string> for_engines;
  std::size_t max_syncs = 4;
  // A client without a sign of life for this long is considered lost.
  std::chrono::seconds client_timeout = limits::kDefaultClientTimeout;
  // HOST:PORT or PORT; empty: metrics and page are not served.
  std::string metrics_address;
  // Readers of the page must give the token in it; empty: no token is needed.
  std::string web_token_file;
  // How many tables of each sync have metrics.
  std::size_t table_metrics = 0;
  LogFormat log_format = LogFormat::kJson;
  std::string tls_cert;
  std::string tls_key;
  std::string tls_client_ca;
};

// The settings, or the exit code if the command line asked for --help or --version or is wrong; the
// text has then been printed.
struct ParsedSettings {
  std::optional<Settings> settings;
  int exit_code = 0;
};
// `libraries` is what --version prints after the program's version. A wrong command line is also
// logged, since an operator looks in the log for the reason why the program does not serve.
ParsedSettings ParseSettings(int argc, char** argv, const std::vector<EngineSetup>& setups,
                             const std::string& libraries, const Logger& log);

// Whether a command line asks for a check, even if it is otherwise wrong.
bool AsksForCheck(int argc, char** argv);

// The program's own.
const char* ProgramVersion();

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SETTINGS_H_
