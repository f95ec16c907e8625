// The interface to a database engine: a Reader, and optional abilities. Each engine has a folder
// next to this file, with the same file names in each.
//
// A Reader belongs to one worker and is used from its main thread only. Every call may
// block; all of them beat through Pulse while they do (worker/wait.h).
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

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/log.h"
#include "proto/worker.pb.h"
#include "worker/pulse.h"
#include "worker/sandbox/needs.h"
#include "worker/sources/setup.h"

namespace tributary {

class BatchWriter;

struct SourceOptions {
  Configuration configuration = {};
  OperatorSettings operator_settings = {};
  // For messages to the operator that have no other way.
  Logger log = {};
};

// Follows the source's log of changes.
class ChangeLog;
// Slices by key, and conversion of keys to bytes and back to values.
class Keys;

class Reader {
 public:
  virtual ~Reader() = default;

  // Called once, before the sandbox closes and before anything else. Checks the configuration as
  // far as possible without connecting.
  virtual absl::StatusOr<SourceNeeds> Prepare() = 0;

  // Runs one setup test; OK if it passed.
  virtual absl::Status Test(std::string_view name) = 0;

  virtual absl::StatusOr<Catalog> Describe(const DescribeAssignment& assignment) = 0;

  // Cuts the remaining ranges of tables into slices. Also checks a sample of each table's rows, and
  // says which columns they do not fit.
  virtual absl::StatusOr<Slices> Cut(const CutAssignment& assignment) = 0;

  // Reads one slice into `writer`, all of it of one version of the source: every row
  // of the range in the order of its bounds, with marks between, the last one at the
  // range's end. Stops at a mark when the writer asks for it. Returned outcome: DONE,
  // PAUSED, AGAIN, WIDEN with the types that all of the table's rows need, or MOVED; everything
  // else is a Status.
  virtual absl::StatusOr<AssignmentEnd> Read(const ReadAssignment& assignment,
                                             BatchWriter& writer) = 0;

  // The reads that have been assigned after the next one, in their order, for an engine that can
  // prepare them together. They live until that Read returns.
  virtual void Expect(std::vector<const ReadAssignment*> /*next*/) {}

  // The engine's optional abilities; null if it lacks one. The reader owns them.
  virtual ChangeLog* log() { return nullptr; }
  virtual Keys* keys() { return nullptr; }
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SOURCES_SOURCE_H_
