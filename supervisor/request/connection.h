// The user's configuration: which database, and the id by which the supervisor knows the
// connection. Nothing here opens a source; the worker checks that a path exists, is a database and
// is in an allowed place.
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
  // 32 lower-case hexadecimal digits, the same for the same database and connection name as the
  // user wrote them, made without secrets. Can be used in file names, logs and metrics.
  std::string id;
  // The name for people, in logs: the database's name, or its file's name without folders.
  std::string database = {};
  // The most workers that the source may have for copies at a time; 0: any number.
  std::size_t most_workers = 0;
};

// FAILED_PRECONDITION, with a text for the user, if a value is missing or cannot be right. Unknown
// keys are ignored.
absl::StatusOr<Connection> ReadConnection(
    const std::vector<EngineSetup>& setups,
    const google::protobuf::Map<std::string, std::string>& configuration);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_CONNECTION_H_
