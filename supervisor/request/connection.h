// What the user's configuration says: which database, and by what name the
// supervisor knows the connection. Nothing here opens or looks at a source; that
// a path exists, is a database and lies where it may is the worker's to say.
#ifndef TRIBUTARY_SUPERVISOR_REQUEST_CONNECTION_H_
#define TRIBUTARY_SUPERVISOR_REQUEST_CONNECTION_H_

#include <google/protobuf/map.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tributary {

struct EngineSetup;

struct Connection {
  // The engine: the name of its setup.
  std::string source;
  // 32 lower-case hexadecimal digits, the same for the same database as the user
  // wrote it; nothing secret goes in. Fit for a file name, a log and a metric.
  std::string id;
  // What people know it by, in logs: the database's name, or its file's without folders.
  std::string database = {};
  // The most workers that the source may have for copies at a time; 0: any number.
  std::size_t most_workers = 0;
};

// FAILED_PRECONDITION, with a text for the user, where a value is missing or
// cannot be right. Keys that are not known are ignored.
absl::StatusOr<Connection> ReadConnection(
    const std::vector<EngineSetup>& setups,
    const google::protobuf::Map<std::string, std::string>& configuration);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_CONNECTION_H_
