// What a client has after the messages that it got: the rows of each table, by key.
// All tables have a key column `id` of whole numbers.
#ifndef TRIBUTARY_TESTS_PROMISES_DESTINATION_H_
#define TRIBUTARY_TESTS_PROMISES_DESTINATION_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "tests/promises/recording.h"

namespace tributary::tests {

// What a state says of one table (supervisor/checkpoint/FORMAT.md).
struct Claim {
  bool live = false;
  // From a key on, to before another one.
  std::map<std::int64_t, std::int64_t> done;
};
// By table. Nothing for what is no state.
std::map<std::string, Claim> ClaimsOf(const std::string& state);

// A record's columns, by name, each as its value's bytes on the wire.
using Values = std::map<std::string, std::string>;

class Destination {
 public:
  void Apply(const fivetran_sdk::v2::UpdateResponse& message);
  void Apply(const Recording& recording);
  // Whether all that the state claims is here, of a source whose tables hold the keys
  // from 1 to what `last_keys` says; nothing where it says nothing. DATA_LOSS names a
  // table and a key.
  absl::Status HasAllThat(const std::string& state,
                          const std::map<std::string, std::int64_t>& last_keys) const;
  // By key; the latest values.
  const std::map<std::int64_t, Values>& rows(const std::string& table) const;

 private:
  void Apply(const fivetran_sdk::v2::Record& record);

  std::map<std::string, std::map<std::int64_t, Values>> tables_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROMISES_DESTINATION_H_
