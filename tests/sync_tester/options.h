// What the command line asks for.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_OPTIONS_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_OPTIONS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/connector_sdk.pb.h"
#include "tests/sync_tester/connector_client.h"

namespace tributary::tester {

struct SyncOptions {
  std::string address = "localhost:50051";
  TlsFiles tls;
  std::string config_file;
  std::string selection_file;
  std::string state_file;
  std::string warehouse_file;
  bool drain = false;
  bool skip_setup = false;
  // 0: do not stop.
  std::uint64_t stop_after_checkpoints = 0;
  std::uint64_t stop_after_records = 0;
  // 0: the last one.
  std::uint64_t save_checkpoint = 0;
  std::string checkpoint_log;
  std::int64_t read_delay_ms = 0;
  std::int64_t read_pause_s = 0;
  // 0: none.
  std::int64_t deadline_s = 0;
  // A connector that was just started may not listen yet.
  std::int64_t connect_wait_s = 10;
  bool discard_tail = false;
  bool json = false;
  bool quiet = false;
};

struct CompareOptions {
  std::string warehouse_file;
  std::string source_file;
  // Contains `database_path`; used if no source file is given.
  std::string config_file;
  std::string selection_file;
  std::string schema = "main";
  bool quiet = false;
};

struct CommandLine {
  bool compare = false;
  SyncOptions sync;
  CompareOptions comparison;
};

// OK: `line` is filled. CANCELLED: help was requested and printed. Otherwise INVALID_ARGUMENT, with
// what is wrong.
absl::Status ParseCommandLine(int argc, const char* const* argv, CommandLine& line);

// A JSON object whose values are strings; if `path` is empty, an empty object.
absl::StatusOr<std::map<std::string, std::string>> ReadConfiguration(const std::string& path);

// In protobuf's JSON form.
absl::StatusOr<fivetran_sdk::v2::Selection> ReadSelection(const std::string& path);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_OPTIONS_H_
