// How simulated workers cut tables into slices, and how a faulty one does.
#ifndef TRIBUTARY_TESTS_SIMULATION_CUTS_H_
#define TRIBUTARY_TESTS_SIMULATION_CUTS_H_

#include "proto/worker.pb.h"
#include "tests/simulation/source_history.h"

namespace tributary::simulation {

// Adjacent slices with random bounds, in the range of a table of `places`.
void CutRange(Random& random, const Range& range, int places, Slices::Table& out);
// Changes slices so that they do not fit the request.
void Spoil(Random& random, Slices& slices);

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_CUTS_H_
