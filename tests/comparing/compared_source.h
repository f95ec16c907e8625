// A source whose tables change at random, as ComparisonLife sees any engine.
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
  // Of all its tables, as the tester's report names it: "main".
  virtual std::string schema() const = 0;
  // Each in a transaction of its own. One that would make two rows of one key does nothing; any
  // other that fails, fails the test.
  virtual void Run(const std::vector<std::string>& statements) = 0;
  // Whether the warehouse has the source's rows and no others; the error lists some that differ.
  virtual absl::Status Compare(const std::string& warehouse) = 0;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_COMPARED_SOURCE_H_
