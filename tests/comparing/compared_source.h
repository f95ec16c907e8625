// A source of any engine whose tables change at random, as ComparisonLife uses it.
#ifndef TRIBUTARY_TESTS_COMPARING_COMPARED_SOURCE_H_
#define TRIBUTARY_TESTS_COMPARING_COMPARED_SOURCE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/comparing/random_tables.h"

namespace tributary::tests {

class ComparedSource {
 public:
  virtual ~ComparedSource() = default;

  virtual const Dialect& dialect() const = 0;
  virtual const std::vector<RandomTable>& tables() const = 0;
  // The schema of all tables, as it is named in the tester's report: "main".
  virtual std::string schema() const = 0;
  // Runs each statement in its own transaction. A statement that would make two rows with the same
  // key has no effect; any other error fails the test.
  virtual void Run(const std::vector<std::string>& statements) = 0;
  // OK if the warehouse has exactly the source's rows; otherwise the error lists some rows that
  // differ.
  virtual absl::Status Compare(const std::string& warehouse) = 0;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_COMPARED_SOURCE_H_
