// The status board as JSON: what /status.json serves and the page reads. FORMAT.md
// beside this file has its members.
//
// Pure functions.
#ifndef TRIBUTARY_SUPERVISOR_STATUS_STATUS_JSON_H_
#define TRIBUTARY_SUPERVISOR_STATUS_STATUS_JSON_H_

#include <string>

#include "supervisor/status/status.h"

namespace tributary {

// `version` is the program's. One line, always valid UTF-8.
std::string StatusJson(const Overview& seen, const std::string& version);
std::string TablesJson(const TableChanges& changes);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STATUS_STATUS_JSON_H_
