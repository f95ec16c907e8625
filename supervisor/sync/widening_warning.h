// The Warning about a table whose columns hold values that do not fit their declared types.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_WIDENING_WARNING_H_
#define TRIBUTARY_SUPERVISOR_SYNC_WIDENING_WARNING_H_

#include <string>
#include <vector>

#include "proto/worker.pb.h"
#include "supervisor/plan/plan.h"

namespace tributary {

// `copies_again`: a part of the table has already been sent. Names at most
// limits::kWidenedInWarning columns and no values.
std::string WideningWarning(const TableToCopy& table, const std::vector<Widening>& columns,
                            bool copies_again);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_WIDENING_WARNING_H_
