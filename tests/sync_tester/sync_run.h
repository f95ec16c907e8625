// One run of the tester with a connector: form, setup tests, schema, and one sync, which is written
// to the warehouse or only counted.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_SYNC_RUN_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_SYNC_RUN_H_

#include <ostream>

#include "tests/sync_tester/options.h"
#include "tests/sync_tester/progress.h"
#include "tests/sync_tester/tally.h"

namespace tributary::tester {

// Never fails: errors are in the tally. Progress and the steps of the setup are printed to `out`.
// One thread; several runs may be in one process.
Tally RunSync(const SyncOptions& options, ProgressStyle style, std::ostream& out);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_SYNC_RUN_H_
