#include "tests/sync_tester/tally.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

double Milliseconds(const std::optional<absl::Duration>& time) {
  return time ? absl::ToDoubleMilliseconds(*time) : -1;
}

nlohmann::json TablesJson(const Tally& tally) {
  nlohmann::json tables = nlohmann::json::object();
  for (const TableTally& table : tally.tables) {
    if (table.name.empty()) continue;
    tables[table.name] = {{"upserts", table.upserts},
                          {"updates", table.updates},
                          {"deletes", table.deletes},
                          {"truncates", table.truncates}};
  }
  return tables;
}

}  // namespace

void Tally::CountRow(const Row& row) {
  if (row.table->ordinal >= tables.size()) tables.resize(row.table->ordinal + 1);
  TableTally& table = tables[row.table->ordinal];
  if (table.name.empty()) table.name = row.table->FullName();
  table.last_message = messages;
  ++records;
  switch (row.operation) {
    case v2::UPDATE:
      ++updates;
      ++table.updates;
      break;
    case v2::DELETE:
      ++deletes;
      ++table.deletes;
      break;
    case v2::TRUNCATE:
      ++truncates;
      ++table.truncates;
      break;
    default:
      ++upserts;
      ++table.upserts;
      break;
  }
}

void Tally::CountWarning(const std::string& text) {
  ++warning_count;
  if (warnings.size() < kMaxWarningTexts) warnings.push_back(text);
}

std::size_t Tally::TablesSeen() const {
  return static_cast<std::size_t>(std::count_if(
      tables.begin(), tables.end(), [](const TableTally& table) { return !table.name.empty(); }));
}

std::size_t Tally::TablesQuiet() const {
  return static_cast<std::size_t>(
      std::count_if(tables.begin(), tables.end(), [this](const TableTally& table) {
        return !table.name.empty() && table.last_message + kQuietMessages < messages;
      }));
}

double Tally::RowsPerSecond() const {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  return seconds > 0 ? static_cast<double>(records) / seconds : 0;
}

double Tally::MegabytesPerSecond() const {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  return seconds > 0 ? static_cast<double>(bytes) / 1e6 / seconds : 0;
}

std::string JsonReport(const Tally& tally) {
  const nlohmann::json report = {
      {"exit_code", static_cast<int>(tally.verdict)},
      {"stopped", tally.stopped_on_purpose},
      {"breach", tally.breach},
      {"error", tally.error},
      {"task", tally.task},
      {"grpc",
       {{"code", tally.grpc_code}, {"number", tally.grpc_number}, {"message", tally.grpc_message}}},
      {"messages", tally.messages},
      {"bytes", tally.bytes},
      {"records", tally.records},
      {"upserts", tally.upserts},
      {"updates", tally.updates},
      {"deletes", tally.deletes},
      {"truncates", tally.truncates},
      {"checkpoints", tally.checkpoints},
      {"states_saved", tally.states_saved},
      {"schema_changes", tally.schema_changes},
      {"warning_count", tally.warning_count},
      {"warnings", tally.warnings},
      {"tables_selected", tally.tables_selected},
      {"tables_seen", tally.TablesSeen()},
      {"tables", TablesJson(tally)},
      {"seconds", absl::ToDoubleSeconds(tally.elapsed)},
      {"first_record_ms", Milliseconds(tally.first_record)},
      {"last_checkpoint_ms", Milliseconds(tally.last_checkpoint)},
      {"rows_per_second", tally.RowsPerSecond()},
      {"mb_per_second", tally.MegabytesPerSecond()}};
  return report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string PlainReport(const Tally& tally) {
  std::string text = absl::StrFormat(
      "%s records in %s messages, %.1f MB, in %.2f s: %s rows/s, %.1f MB/s\n"
      "%s upserts, %s updates, %s deletes, %s truncates, in %d of %d tables\n"
      "%d checkpoints, %d schema changes, %d warnings",
      Grouped(tally.records), Grouped(tally.messages), static_cast<double>(tally.bytes) / 1e6,
      absl::ToDoubleSeconds(tally.elapsed),
      Grouped(static_cast<std::uint64_t>(tally.RowsPerSecond())), tally.MegabytesPerSecond(),
      Grouped(tally.upserts), Grouped(tally.updates), Grouped(tally.deletes),
      Grouped(tally.truncates), tally.TablesSeen(), tally.tables_selected, tally.checkpoints,
      tally.schema_changes, tally.warning_count);
  for (const std::string& warning : tally.warnings) absl::StrAppend(&text, "\nwarning: ", warning);
  if (!tally.task.empty()) absl::StrAppend(&text, "\ntask: ", tally.task);
  if (!tally.breach.empty()) absl::StrAppend(&text, "\nBREACH OF THE CONTRACT: ", tally.breach);
  if (!tally.error.empty()) absl::StrAppend(&text, "\nerror: ", tally.error);
  if (tally.grpc_number != 0 && !tally.stopped_on_purpose) {
    absl::StrAppend(&text, "\nthe connector ended with ", tally.grpc_code, ": ",
                    tally.grpc_message);
  }
  return text;
}

std::string Grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

}  // namespace tributary::tester
