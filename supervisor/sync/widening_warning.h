// The Warning of a table whose columns do not hold what they are declared to.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_WIDENING_WARNING_H_
#define TRIBUTARY_SUPERVISOR_SYNC_WIDENING_WARNING_H_

#include <string>
#include <vector>

#include "proto/worker.pb.h"
#include "supervisor/plan/plan.h"

namespace tributary {

// `copies_again`: a part of it has been sent already. Names at most
// limits::kWidenedInWarning columns; no value is in it.
std::string WideningWarning(const TableToCopy& table, const std::vector<Widening>& columns,
                            bool copies_again);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_WIDENING_WARNING_H_
