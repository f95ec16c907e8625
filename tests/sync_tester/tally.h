// What one run has seen until now, and its report.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_TALLY_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_TALLY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/sync_tester/stream_contract.h"

namespace tributary::tester {

// The program's exit codes.
enum class Verdict : int { kFine = 0, kBreach = 2, kConnectorError = 3, kUsage = 4 };

struct TableTally {
  std::string name;
  std::uint64_t upserts = 0;
  std::uint64_t updates = 0;
  std::uint64_t deletes = 0;
  std::uint64_t truncates = 0;
  // The number of the message that had its last record.
  std::uint64_t last_message = 0;
};

struct Tally {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
  std::uint64_t upserts = 0;
  std::uint64_t updates = 0;
  std::uint64_t deletes = 0;
  std::uint64_t truncates = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t states_saved = 0;
  std::uint64_t schema_changes = 0;
  std::uint64_t warning_count = 0;
  // The first kMaxWarningTexts warnings.
  std::vector<std::string> warnings;
  std::string task;
  std::size_t tables_selected = 0;
  // By the table's ordinal; an entry without a name has had no record.
  std::vector<TableTally> tables;

  // Since the Update call.
  absl::Duration elapsed;
  std::optional<absl::Duration> first_record;
  std::optional<absl::Duration> last_checkpoint;

  // How the run ended.
  bool stopped_on_purpose = false;
  std::string breach;
  std::string error;
  std::string grpc_code = "OK";
  int grpc_number = 0;
  std::string grpc_message;
  Verdict verdict = Verdict::kFine;

  void CountRow(const Row& row);
  void CountWarning(const std::string& text);

  std::size_t TablesSeen() const;
  // The number of tables without a record in the last kQuietMessages messages. They are probably
  // complete; this is an estimate, because the tester does not interpret the state.
  std::size_t TablesQuiet() const;
  double RowsPerSecond() const;
  double MegabytesPerSecond() const;
};

// Much more than the number of tables whose records are interleaved in one stream.
inline constexpr std::uint64_t kQuietMessages = 200;
inline constexpr std::size_t kMaxWarningTexts = 1000;

// One line of JSON.
std::string JsonReport(const Tally& tally);

// A few lines for people, without a newline at the end.
std::string PlainReport(const Tally& tally);

// With separators: 1,234,567.
std::string Grouped(std::uint64_t number);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_TALLY_H_
