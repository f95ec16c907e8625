// Different states for the tests of this folder.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_CHECKPOINT_SAMPLE_STATES_H_
#define TRIBUTARY_TESTS_SUPERVISOR_CHECKPOINT_SAMPLE_STATES_H_

#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>

#include "supervisor/checkpoint/state.h"

namespace tributary {

inline State SmallState() {
  State state;
  state.source = {"sqlite", "a1b2"};
  state.selection = "0011223344556677";
  state.epoch = "8899aabbccddeeff";
  state.position = 42;
  for (std::size_t i = 0; i < kStagingKeyBytes; ++i) {
    state.staging_key += static_cast<char>(7 * i);
  }
  return state;
}

inline TableState Live(std::string content) {
  TableState table;
  table.phase = Phase::kLive;
  table.columns = "fedcba9876543210";
  table.content = std::move(content);
  return table;
}

inline TableState Copying(const std::vector<BoundRange>& done, std::string content) {
  TableState table;
  table.columns = "0123456789abcdef";
  table.content = std::move(content);
  table.done = DoneRanges::FromList(done).value();
  return table;
}

// One table in each phase, and a table copied with two contents.
inline State CopyingState() {
  State state = SmallState();
  state.tables[{"main", "customers"}] = Live("7:3");
  state.tables[{"main", "events"}] = Live("9:3");
  state.tables[{"main", "events"}].widened = {{"payload", "STRING"}, {"amount", "DECIMAL"}};
  state.tables[{"main", "orders"}] = Copying({{"", "1000"}, {"5000", "5500"}, {"9000", ""}}, "9:3");
  state.tables[{"main", "fresh"}] = Copying({}, "");
  state.tables[{"temp", "orders"}] = Live("7:3");
  return state;
}

// The state of a sync that has ended.
inline State CompleteState() {
  State state = SmallState();
  state.tables[{"main", "customers"}] = Live("9:3");
  state.complete = "9:3";
  return state;
}

// Unusual names and bounds.
inline State HostileState() {
  State state = SmallState();
  const std::string names[] = {"",
                               "\"",
                               "\\",
                               "a\nb\tc\rd\be\f",
                               std::string("nul\0nul", 7),
                               "\x01\x1f\x7f",
                               "naïve €uro 😀 \xEF\xBF\xBD",
                               "</script>",
                               "version",
                               std::string(3000, 'n')};
  for (const std::string& schema : names) {
    for (const std::string& table : names) {
      state.tables[{schema, table}] = Copying({{"", "1" + table}, {"2" + schema, ""}}, table);
      state.tables[{schema, table}].widened = {{schema, table}, {table, schema}};
    }
  }
  state.source.identity = names[6];
  return state;
}

// Like that of a large application, with names of 25 characters.
inline State StateOf(int tables, const std::function<TableState(int)>& entry) {
  State state = SmallState();
  for (int i = 0; i < tables; ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "customer_order_item_%05d", i);
    state.tables[{"main", name}] = entry(i);
  }
  return state;
}

// All tables have the same content.
inline State StateOfLiveTables(int tables) {
  return StateOf(tables, [](int) { return Live("change 123456 schema 789"); });
}

// Each table has its own content.
inline State StateOfLogTables(int tables) {
  State state = StateOf(tables, [](int i) {
    char content[11];
    std::snprintf(content, sizeof content, "%010x", 0x9e3779b9u * static_cast<unsigned>(i));
    TableState table = Live(content);
    table.method = Method::kLog;
    table.file_number = 4'000'000'000u;
    return table;
  });
  state.log_position = {.commit = 0x16B374D848};
  state.log_life = "7412345678901234567 1 2024-05-06 07:08:09.101112+00";
  return state;
}

inline TableState CopyingBesideLog(std::string content) {
  TableState table = Copying({{"", "(81920,1)"}, {"(163840,1)", "(245760,1)"}}, std::move(content));
  table.method = Method::kLog;
  table.whole_from = 4294967296123;
  table.start = {
      .all_before = 4294967296130, .none_from = 4294967296140, .except = {4294967296133}};
  table.bound = {
      .commit = 0x16B374D848, .final = 0x16B3750000, .change = 0x16B374FF00, .ordinal = 7};
  return table;
}

inline State StateOfComparedTables(int tables) {
  State state = StateOfLiveTables(tables);
  state.digest_key = state.staging_key;
  for (auto& [name, table] : state.tables) {
    table.method = Method::kCompare;
    table.generation = 12345;
    table.page_digest = "0123456789abcdef";
  }
  return state;
}

inline State StateOfTablesBesideLog(int tables) {
  State state = StateOfLogTables(tables);
  for (auto& [name, table] : state.tables) table = CopyingBesideLog(table.content);
  return state;
}

// Tables with each method, a checkpoint within a transaction, and the largest possible numbers.
inline State LogState() {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
  State state = SmallState();
  state.log_position = {
      .commit = kLargest, .final = kLargest, .change = kLargest - 1, .ordinal = 3};
  state.log_life = "12 1";
  TableState& followed = state.tables[{"public", "followed"}] = Live("0123456789abcdef");
  followed.method = Method::kLog;
  followed.file_number = 16402;
  followed.newest_unsent_column = 12;
  state.tables[{"public", "begun"}] = CopyingBesideLog("fedcba9876543210");
  TableState& joining = state.tables[{"public", "joining"}] = Copying({}, "");
  joining.method = Method::kLog;
  joining.start = {.all_before = kLargest, .none_from = kLargest, .except = {}};
  TableState& compared = state.tables[{"public", "compared"}] = Live("");
  compared.method = Method::kCompare;
  compared.generation = 12;
  return state;
}

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_SUPERVISOR_CHECKPOINT_SAMPLE_STATES_H_
