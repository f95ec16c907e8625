// What a client has after the messages that it received: the rows of each table, by key. All tables
// have a key column `id` with integers.
#ifndef TRIBUTARY_TESTS_PROMISES_DESTINATION_H_
#define TRIBUTARY_TESTS_PROMISES_DESTINATION_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "tests/promises/recording.h"

namespace tributary::tests {

// What a state says about one table (supervisor/checkpoint/FORMAT.md).
struct Claim {
  bool live = false;
  // Ranges of keys: the first key, and the key after the last one.
  std::map<std::int64_t, std::int64_t> done;
};
// By table. Empty if `state` does not parse.
std::map<std::string, Claim> ClaimsOf(const std::string& state);

// A record's columns, by name, with the bytes of their values on the wire.
using Values = std::map<std::string, std::string>;

class Destination {
 public:
  void Apply(const fivetran_sdk::v2::UpdateResponse& message);
  void Apply(const Recording& recording);
  // Whether everything that the state claims is here. The source's tables have the keys from 1 to
  // those in `last_keys`; a table that is not in it is not checked. DATA_LOSS names a table and a
  // key.
  absl::Status HasAllThat(const std::string& state,
                          const std::map<std::string, std::int64_t>& last_keys) const;
  // By key, with the latest values.
  const std::map<std::int64_t, Values>& rows(const std::string& table) const;

 private:
  void Apply(const fivetran_sdk::v2::Record& record);

  std::map<std::string, std::map<std::int64_t, Values>> tables_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROMISES_DESTINATION_H_
