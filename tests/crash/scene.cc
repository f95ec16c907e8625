#include "tests/crash/scene.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tributary::tests {
namespace {

std::vector<std::string> Flags(std::vector<std::string> more) {
  std::vector<std::string> flags = {"--workers", "2", "--checkpoint-interval", "0.1"};
  for (std::size_t at = 0; at + 1 < more.size(); at += 2) {
    const auto same = std::find(flags.begin(), flags.end(), more[at]);
    if (same == flags.end()) {
      flags.insert(flags.end(), {more[at], more[at + 1]});
    } else {
      *(same + 1) = more[at + 1];
    }
  }
  return flags;
}

}  // namespace

Scene::Scene(std::vector<std::string> flags)
    : connector_({.sqlite_root = dir_.path(),
                  .staging_dir = dir_ / "staging",
                  .flags = Flags(std::move(flags))}) {
  WriteSqliteConfig(config(), source());
}

SyncRunOptions Scene::Sync(std::vector<std::string> flags) const {
  return {.address = connector_.address(),
          .config = config(),
          .state = state(),
          .warehouse = warehouse(),
          .skip_setup = false,
          .flags = std::move(flags)};
}

std::uint64_t Scene::Replayed(std::size_t from) const {
  std::uint64_t all = 0;
  for (const nlohmann::json& line : connector_.Logged("replayed from staging", from)) {
    std::uint64_t messages = 0;
    if (absl::SimpleAtoi(line.value("messages", ""), &messages)) all += messages;
  }
  return all;
}

std::set<std::string> Scene::LiveTables() const {
  std::ifstream file(state());
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  std::set<std::string> live;
  if (!json.is_object() || !json.contains("tables")) return live;
  for (const auto& [schema, tables] : json.at("tables").items()) {
    for (const auto& [table, entry] : tables.items()) {
      if (entry.contains("live")) live.insert(table);
    }
  }
  return live;
}

std::unique_ptr<SyncRun> Scene::SyncInItsMidst(std::size_t live_tables,
                                               std::vector<std::string> flags) const {
  return InItsMidst(Sync(std::move(flags)), live_tables);
}

std::unique_ptr<SyncRun> Scene::InItsMidst(SyncRunOptions options, std::size_t live_tables) const {
  options.flags.insert(options.flags.end(), {"--read-delay-ms", "1"});
  auto run = std::make_unique<SyncRun>(options);
  Eventually([&] {
    const bool begun = std::filesystem::exists(state());
    return (begun && LiveTables().size() >= live_tables) || !run->running();
  });
  return run;
}

void AddPlainTables(Database& database, int tables, int rows, int row_bytes) {
  for (int table = 1; table <= tables; ++table) {
    database.RunAtOnce(absl::StrCat(
        "CREATE TABLE t", table, "(id INTEGER PRIMARY KEY, number INTEGER, text TEXT);",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ", rows,
        ") INSERT INTO t", table, " SELECT i, i * 7919 % 1000003, hex(randomblob(", row_bytes / 2,
        ")) FROM n"));
  }
}

bool AnyHolds(const std::vector<std::string>& texts, const std::string& part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&part](const std::string& text) { return absl::StrContains(text, part); });
}

}  // namespace tributary::tests
