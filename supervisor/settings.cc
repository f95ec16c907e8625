#include "supervisor/settings.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/limits.h"
#include "worker/sources/setup.h"

namespace tributary {
namespace {

constexpr char kCheck[] = "check";
constexpr char kCheckFlag[] = "--check";

void AddOptions(CLI::App& app, Settings& settings) {
  app.add_option("--port", settings.port, "Port to serve gRPC on, IPv4 and IPv6")
      ->envname("TRIBUTARY_PORT");
  app.add_option("--workers", settings.workers, "Worker processes for each sync")
      ->envname("TRIBUTARY_WORKERS")
      ->check(CLI::Range(std::size_t{1}, limits::kMaxWorkers));
  app.add_option("--staging-dir", settings.staging_dir, "Folder for staged data (encrypted)")
      ->envname("TRIBUTARY_STAGING_DIR");
  app.add_option("--staging-limit", settings.staging_limit_bytes,
                 "Disk space for each connection's staging, as 20GiB or in bytes")
      ->envname("TRIBUTARY_STAGING_LIMIT")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(limits::kLeastStagingLimitBytes, std::uint64_t{1} << 60));
  app.add_option("--staging-key-file", settings.staging_key_file,
                 "File with the key for staged data; without it each epoch has a key of its own, "
                 "which travels in the state")
      ->envname("TRIBUTARY_STAGING_KEY_FILE");
  app.add_option_function<double>(
         "--checkpoint-interval",
         [&settings](const double& seconds) {
           settings.checkpoint_interval =
               std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
         },
         "Seconds between checkpoints")
      ->envname("TRIBUTARY_CHECKPOINT_INTERVAL")
      ->check(CLI::Range(0.01, 3600.0))
      ->default_str("10");
  app.add_option("--max-syncs", settings.max_syncs, "Syncs that may run at a time")
      ->envname("TRIBUTARY_MAX_SYNCS")
      ->check(CLI::Range(std::size_t{1}, limits::kMaxSyncs));
  app.add_option_function<int>(
         "--client-timeout",
         [&settings](const int& seconds) {
           settings.client_timeout = std::chrono::seconds(seconds);
         },
         "Seconds without a sign of life after which a client is considered lost")
      ->envname("TRIBUTARY_CLIENT_TIMEOUT")
      ->check(CLI::Range(1, static_cast<int>(limits::kLongestClientTimeout.count())))
      ->default_str(std::to_string(limits::kDefaultClientTimeout.count()));
  app.add_option("--metrics-address", settings.metrics_address,
                 "HOST:PORT, or PORT for 127.0.0.1, to serve metrics, probes and the status page "
                 "on; without it they are not served")
      ->envname("TRIBUTARY_METRICS_ADDRESS");
  app.add_option("--web-token-file", settings.web_token_file,
                 "File with a token that readers of the status page must give; /metrics and the "
                 "probes need none")
      ->envname("TRIBUTARY_WEB_TOKEN_FILE");
  app.add_option("--table-metrics", settings.table_metrics,
                 "How many tables of each sync, the largest ones, have their own metrics")
      ->envname("TRIBUTARY_TABLE_METRICS")
      ->check(CLI::Range(std::size_t{0}, limits::kMaxTableMetrics));
  app.add_option("--log-format", settings.log_format, "json or text")
      ->envname("TRIBUTARY_LOG_FORMAT")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, LogFormat>{{"json", LogFormat::kJson}, {"text", LogFormat::kText}}))
      ->default_str("json");
  auto* cert =
      app.add_option("--tls-cert", settings.tls_cert, "PEM file with the certificate chain")
          ->envname("TRIBUTARY_TLS_CERT");
  auto* key = app.add_option("--tls-key", settings.tls_key, "PEM file with its private key")
                  ->envname("TRIBUTARY_TLS_KEY");
  cert->needs(key);
  key->needs(cert);
  app.add_option("--tls-client-ca", settings.tls_client_ca,
                 "PEM file with the CA that must have signed the clients' certificates")
      ->envname("TRIBUTARY_TLS_CLIENT_CA")
      ->needs(cert);
}

// sqlite-root: TRIBUTARY_SQLITE_ROOT.
std::string EnvironmentTwin(const std::string& flag) {
  return absl::StrCat("TRIBUTARY_", absl::AsciiStrToUpper(absl::StrReplaceAll(flag, {{"-", "_"}})));
}

void AddOptionsOf(const EngineSetup& setup, CLI::App& app, Settings& settings) {
  for (const OperatorSetting& setting : setup.operator_settings) {
    std::string& value = settings.for_engines[setting.name];
    value = setting.default_value;
    app.add_option("--" + setting.name, value, setting.description)
        ->envname(EnvironmentTwin(setting.name));
  }
}

}  // namespace

bool AsksForCheck(int argc, char** argv) {
  const std::span words(argv, static_cast<std::size_t>(argc));
  if (words.size() > 1 && std::string_view(words[1]) == kCheck) return true;
  return std::any_of(words.begin(), words.end(),
                     [](std::string_view word) { return word == kCheckFlag; });
}

const char* ProgramVersion() { return TRIBUTARY_VERSION; }

ParsedSettings ParseSettings(int argc, char** argv, const std::vector<EngineSetup>& setups,
                             const std::string& libraries, const Logger& log) {
  Settings settings;
  settings.workers = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  settings.staging_dir = "tributary-staging";
  settings.staging_limit_bytes = limits::kDefaultStagingLimitBytes;
  CLI::App app("A Fivetran source connector for large, many-table databases.", "tributary");
  app.set_version_flag("--version",
                       std::string("tributary " TRIBUTARY_VERSION "\nreads with ") + libraries);
  app.add_subcommand(kCheck, "Check everything that a start and its syncs need; exit 0 or 1")
      ->fallthrough()
      ->callback([&settings] { settings.check = true; });
  app.add_flag(kCheckFlag, settings.check, "The same as `tributary check`");
  app.option_defaults()->always_capture_default();
  AddOptions(app, settings);
  for (const EngineSetup& setup : setups) AddOptionsOf(setup, app, settings);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      log.Severe("the command line or its environment cannot be used",
                 {{log_key::kError, error.what()}, {log_key::kHint, "see --help"}});
    }
    return {std::nullopt, app.exit(error)};
  }
  return {settings, 0};
}

}  // namespace tributary
