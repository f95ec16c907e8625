// What the worker needs of a database engine. One folder beside this file for
// each engine, with the same file names in each.
//
// A Source belongs to one worker and is used from its main thread only. Every
// call may block; all of them beat through Pulse while they do.
//
// Errors, by code:
//   FAILED_PRECONDITION  configuration, login or privilege: the user must act.
//   UNAVAILABLE          unreachable, locked, overloaded; retried inside with
//                        backoff before it is returned.
//   NOT_FOUND            this table or column is gone since the catalog was made.
//   DATA_LOSS            this table cannot be read (a corrupt page); others can.
//   INVALID_ARGUMENT     an unknown test name.
// The text names operation, subject and what to do; never a value of a row.
#ifndef TRIBUTARY_WORKER_SOURCES_SOURCE_H_
#define TRIBUTARY_WORKER_SOURCES_SOURCE_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/worker.pb.h"

namespace tributary {

class BatchWriter;

// Shows the supervisor that the worker is at work and not stuck. Cheap enough
// for every few thousand rows and every wait of up to a second.
class Pulse {
 public:
  virtual ~Pulse() = default;
  virtual void Beat() = 0;
};

// What the sandbox must leave open for the engine.
struct SourceNeeds {
  struct Path {
    std::string path;
    bool writable = false;
  };
  // Files, each of which exists. Nothing else can be opened.
  std::vector<Path> paths;
  // Whether the engine connects to a server over a socket.
  bool connects = false;
};

class Source {
 public:
  virtual ~Source() = default;

  // Called once, before the sandbox closes and before anything else. Checks the
  // configuration as far as can be done without connecting.
  virtual absl::StatusOr<SourceNeeds> Prepare() = 0;

  // Runs one setup test; OK where it passed.
  virtual absl::Status Test(std::string_view name) = 0;

  virtual absl::StatusOr<Catalog> Describe(const DescribeAssignment& assignment) = 0;

  virtual absl::StatusOr<Slices> Slice(const CutAssignment& assignment) = 0;

  // Reads one slice in one transaction into `writer`: every row of the range in
  // the order of its bounds, with marks between, the last one at the range's
  // end. Stops at a mark when the writer asks for it. Returned outcome: DONE,
  // PAUSED or WIDEN; all else is a Status.
  virtual absl::StatusOr<AssignmentEnd> Read(const ReadAssignment& assignment,
                                             BatchWriter& writer) = 0;
};

struct SourceOptions {
  std::map<std::string, std::string> configuration;
  std::string sqlite_root;
};

// The engine that the configuration's `source` names. FAILED_PRECONDITION where
// there is none of that name. `pulse` outlives the source.
absl::StatusOr<std::unique_ptr<Source>> MakeSource(SourceOptions options, Pulse& pulse);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SOURCES_SOURCE_H_
