// Reads one slice: a transaction of its own, or one with other small tables, in this order: lock,
// snapshot and file number, COPY. The tight loop from COPY's rows to the encoder.
//
// A slice by blocks has the place of each row (tableoid, ctid) as its last columns, which no
// client sees: rows come in the order of their places, so that a mark can be put before the
// first row of a block. A slice by keys has its rows in the order of the key, so that a mark can
// be put before any of them. A slice in one piece has a mark at its end only; so has a table of a
// few blocks, for which COPY names the columns if it can (COPY table (columns), not COPY (SELECT
// …)): a query would be planned for longer than its rows are read.
//
// If the connection breaks, or the server ends it, the read ends as AGAIN at its last mark, and the
// slice is given out again; after kInterruptions consecutive ones at one place it fails. The main
// thread's.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_READER_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_READER_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "worker/encoder/batch_writer.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/copy_stream.h"
#include "worker/sources/postgresql/key_range.h"
#include "worker/sources/postgresql/leaves.h"
#include "worker/sources/postgresql/log_flush.h"
#include "worker/sources/postgresql/row_writer.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/slice_view.h"
#include "worker/sources/postgresql/small_tables.h"
#include "worker/sources/postgresql/type_lookup.h"

namespace tributary::postgresql {

class SliceReader {
 public:
  static constexpr int kInterruptions = 3;

  // All outlive the reader. `patience`: how long a lock, or the end of a temporary error, is waited
  // for.
  SliceReader(Session& session, TypeLookup& types, Pulse& pulse, std::chrono::milliseconds patience)
      : session_(session),
        types_(types),
        pulse_(pulse),
        patience_(patience),
        small_tables_(session, life_),
        flush_(session, pulse) {}

  // The reads that come after the next one (SmallTables::Expect).
  void Expect(std::vector<const ReadAssignment*> next) { small_tables_.Expect(std::move(next)); }

  // Writes the slice's rows and marks. Outcomes and errors are Reader::Read's.
  absl::StatusOr<AssignmentEnd> Read(const ReadAssignment& assignment, BatchWriter& writer);

 private:
  enum class Ending { kDone, kPaused, kFailed };
  struct Columns {
    std::vector<RowWriter::Column> written;
    // What COPY selects for them.
    std::string expressions;
    // These are names that COPY takes without a query.
    bool are_names = true;
  };
  // What is read.
  struct Slice {
    Access access;
    Places places;
    // Of a table by its leaves: all of them, and those of this slice.
    Leaves leaves;
    std::vector<Leaf> within;
    // Of a table by its keys.
    KeyRange keys;
    // A small table, which has no marks within.
    bool is_small = false;

    bool by_blocks() const { return access.by_blocks() && !is_small; }
  };

  // Until the table is locked and its snapshot can be used; kPaused where a pause was wanted
  // meanwhile.
  absl::StatusOr<Ending> Open(const ReadAssignment& assignment, const BatchWriter& writer,
                              Slice& slice, SliceView& view);
  void EndTransaction();
  // One try; the transaction stays open where it is OK.
  absl::StatusOr<SliceView> TryToOpen(const ReadAssignment& assignment, Slice& slice);
  absl::StatusOr<Columns> ColumnsOf(const ReadAssignment& assignment, const SliceView& view);
  static std::string CopySql(const ReadAssignment& assignment, const Slice& slice,
                             const Columns& columns);
  // Rows until the COPY's end.
  absl::StatusOr<Ending> Copy(const ReadAssignment& assignment, const std::string& sql,
                              Columns columns, const Slice& slice, BatchWriter& writer);
  // The row that the stream has found.
  absl::Status WriteRow(const CopyRow& row, BatchWriter& writer);
  // At a row of another place than the one before it. True: stop.
  bool AtPlace(const Place& place, BatchWriter& writer);
  // Before a row by whose key a mark can be put, if one is due. True: stop.
  bool AtKey(const CopyRow& row, const KeyRange& keys, bool looks, BatchWriter& writer);
  // Called while the ring is full; ends the transaction if that lasts.
  void WhileFull();
  absl::StatusOr<Ending> Interrupted(const ReadAssignment& assignment, absl::Status why);
  std::vector<ColumnRemark> TakeRemarks();

  Session& session_;
  TypeLookup& types_;
  Pulse& pulse_;
  const std::chrono::milliseconds patience_;
  KnownLife life_;
  SmallTables small_tables_;
  // The assignment that began their transaction.
  std::uint32_t shared_since_ = 0;
  LogFlush flush_;
  // Of the slice that is read.
  const TableShape* shape_ = nullptr;
  RowWriter* rows_ = nullptr;
  Place place_;
  std::string last_mark_;
  // How long the ring has been full without a row between.
  std::chrono::milliseconds ring_full_{0};
  // The session was closed for it.
  bool hung_up_ = false;
  // Where reading was interrupted last, and how often in a row.
  std::string interrupted_at_;
  int interruptions_ = 0;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_READER_H_
