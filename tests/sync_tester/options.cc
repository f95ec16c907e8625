#include "tests/sync_tester/options.h"

#include <google/protobuf/util/json_util.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/sync_tester/state_file.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

void AddSyncOptions(CLI::App& app, SyncOptions& sync) {
  app.add_option("--address", sync.address, "host:port of the connector")->capture_default_str();
  app.add_option("--config", sync.config_file, "configuration: a JSON object of strings");
  app.add_option("--selection", sync.selection_file, "a Selection in protobuf's JSON form");
  app.add_option("--state", sync.state_file, "state file, read at the start and kept up to date");
  app.add_option("--warehouse", sync.warehouse_file, "SQLite file to sync into");
  app.add_option("--tls-ca", sync.tls.authority, "PEM of the authority that signed the connector");
  app.add_option("--tls-cert", sync.tls.certificate, "PEM of the client's certificate");
  app.add_option("--tls-key", sync.tls.key, "PEM of the client's key");
  app.add_flag("--drain", sync.drain, "count only: no decoding, no checks, no warehouse");
  app.add_flag("--skip-setup", sync.skip_setup,
               "only Update; table shapes come from the warehouse, if it has any");
  app.add_option("--stop-after-checkpoints", sync.stop_after_checkpoints,
                 "cancel after this many checkpoints");
  app.add_option("--stop-after-records", sync.stop_after_records, "cancel after this many records");
  app.add_option("--save-checkpoint", sync.save_checkpoint,
                 "keep the state of this checkpoint (from 1) and of none after it");
  app.add_option("--checkpoint-log", sync.checkpoint_log,
                 "append every checkpoint, a JSON object a line: its state and the rows before it");
  app.add_option("--read-delay-ms", sync.read_delay_ms, "sleep before each read");
  app.add_option("--read-pause-s", sync.read_pause_s, "sleep once, after the first records");
  app.add_option("--deadline-s", sync.deadline_s, "deadline of the Update call");
  app.add_option("--connect-wait-s", sync.connect_wait_s, "how long to wait for a connection")
      ->capture_default_str();
  app.add_flag("--discard-tail", sync.discard_tail,
               "where the sync does not end with OK, undo what came after the last checkpoint");
  app.add_flag("--json", sync.json, "one line of JSON as the last line of stdout");
  app.add_flag("--quiet", sync.quiet, "no progress display");
}

void AddCompareOptions(CLI::App& app, CompareOptions& comparison) {
  app.add_option("--warehouse", comparison.warehouse_file, "the warehouse file")->required();
  app.add_option("--source", comparison.source_file, "the source's SQLite file");
  app.add_option("--config", comparison.config_file, "configuration that names database_path");
  app.add_option("--selection", comparison.selection_file, "the selection that was synced with");
  app.add_option("--schema", comparison.schema, "schema of the warehouse")->capture_default_str();
  app.add_flag("--quiet", comparison.quiet, "no line for a table that agrees");
}

}  // namespace

absl::Status ParseCommandLine(int argc, const char* const* argv, CommandLine& line) {
  CLI::App app{"sync-tester: plays Fivetran against a source connector"};
  AddSyncOptions(app, line.sync);
  CLI::App* compare =
      app.add_subcommand("compare", "check that a warehouse file equals its SQLite source");
  AddCompareOptions(*compare, line.comparison);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    app.exit(help);
    return absl::CancelledError();
  } catch (const CLI::ParseError& fault) {
    return absl::InvalidArgumentError(absl::StrCat(fault.what(), "; see --help"));
  }
  line.compare = compare->parsed();
  if (line.compare) {
    if (line.comparison.source_file.empty() && line.comparison.config_file.empty()) {
      return absl::InvalidArgumentError("compare needs --source or --config");
    }
    return absl::OkStatus();
  }
  if (line.sync.drain && !line.sync.warehouse_file.empty()) {
    return absl::InvalidArgumentError("--drain writes no warehouse; leave out --warehouse");
  }
  if (!line.sync.drain && line.sync.warehouse_file.empty()) {
    return absl::InvalidArgumentError("name a file by --warehouse, or only count by --drain");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> ReadConfiguration(const std::string& path) {
  std::map<std::string, std::string> configuration;
  if (path.empty()) return configuration;
  absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (!text.ok()) return text.status();
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
  const absl::Status fault = absl::InvalidArgumentError(absl::StrCat("configuration ", path,
                                                                     " must be a JSON object "
                                                                     "whose values are strings"));
  if (!json.is_object()) return fault;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return fault;
    configuration[key] = value.get<std::string>();
  }
  return configuration;
}

absl::StatusOr<v2::Selection> ReadSelection(const std::string& path) {
  absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (!text.ok()) return text.status();
  v2::Selection selection;
  const auto parsed = google::protobuf::util::JsonStringToMessage(*text, &selection);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("selection ", path,
                     " is no Selection in protobuf's JSON form: ", std::string(parsed.message())));
  }
  return selection;
}

}  // namespace tributary::tester
