// Random choices, determined by a life's seed.
#ifndef TRIBUTARY_TESTS_SIMULATION_RANDOM_H_
#define TRIBUTARY_TESTS_SIMULATION_RANDOM_H_

#include <cstddef>
#include <random>

namespace tributary::simulation {

using Random = std::mt19937_64;

inline std::size_t Below(Random& random, std::size_t end) {
  return static_cast<std::size_t>(random() % end);
}
// True once in `n` calls on average.
inline bool OneIn(Random& random, std::size_t n) { return Below(random, n) == 0; }

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_RANDOM_H_
