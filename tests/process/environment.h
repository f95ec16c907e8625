// Numbers that a person gives a test in environment variables: seeds, how long it runs.
#ifndef TRIBUTARY_TESTS_PROCESS_ENVIRONMENT_H_
#define TRIBUTARY_TESTS_PROCESS_ENVIRONMENT_H_

#include <cstdlib>

#include "absl/strings/numbers.h"

namespace tributary::tests {

// `otherwise` if the variable is not set, or is not such a number.
template <typename Number>
Number FromEnvironment(const char* variable, Number otherwise) {
  const char* const text = std::getenv(variable);
  Number number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_ENVIRONMENT_H_
