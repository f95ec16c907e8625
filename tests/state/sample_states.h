// States of different shape for the tests of this folder.
#ifndef TRIBUTARY_TESTS_STATE_SAMPLE_STATES_H_
#define TRIBUTARY_TESTS_STATE_SAMPLE_STATES_H_

#include <cstdio>
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

inline TableState Live(std::string version) {
  TableState table;
  table.phase = Phase::kLive;
  table.columns = "fedcba9876543210";
  table.version = std::move(version);
  return table;
}

inline TableState Copying(const std::vector<BoundRange>& done, std::string version) {
  TableState table;
  table.columns = "0123456789abcdef";
  table.version = std::move(version);
  table.done = DoneRanges::FromList(done).value();
  return table;
}

// One table in each phase, and one of two versions.
inline State CopyingState() {
  State state = SmallState();
  state.tables[{"main", "customers"}] = Live("7:3");
  state.tables[{"main", "events"}] = Live("9:3");
  state.tables[{"main", "events"}].widened = {"payload", "amount"};
  state.tables[{"main", "orders"}] = Copying({{"", "1000"}, {"5000", "5500"}, {"9000", ""}}, "9:3");
  state.tables[{"main", "fresh"}] = Copying({}, "");
  state.tables[{"temp", "orders"}] = Live("7:3");
  return state;
}

// A sync that has come to its end.
inline State CompleteState() {
  State state = SmallState();
  state.tables[{"main", "customers"}] = Live("9:3");
  state.complete = "9:3";
  return state;
}

// Names and bounds as no reasonable person gives them.
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
      state.tables[{schema, table}].widened = {schema, table};
    }
  }
  state.source.identity = names[6];
  return state;
}

// As a large application has them: names of about 25 characters, one version.
inline State StateOfLiveTables(int tables) {
  State state = SmallState();
  for (int i = 0; i < tables; ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "customer_order_item_%05d", i);
    state.tables[{"main", name}] = Live("change 123456 schema 789");
  }
  return state;
}

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_STATE_SAMPLE_STATES_H_
