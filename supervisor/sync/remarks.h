// The workers' remarks about rows that were altered or left out, kept until a Warning is sent.
//
// The rule: the Warning is on the stream before the checkpoint whose cursor is past the rows, since
// they are not read again. So a table that is copied over several checkpoints may have several
// Warnings of one kind for a column, whose counts add up; a table copied between two checkpoints
// has one.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_REMARKS_H_
#define TRIBUTARY_SUPERVISOR_SYNC_REMARKS_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proto/worker.pb.h"
#include "supervisor/plan/scheduler.h"

namespace tributary {

using ColumnRemarks = google::protobuf::RepeatedPtrField<ColumnRemark>;

class Remarks {
 public:
  // Whether a correct worker may send this remark about a table with these columns. Do not add
  // other remarks.
  static bool IsPlausible(const ColumnRemarks& remarks, const TableToCopy& table);

  // `table` is its place in the scheduler.
  void Add(std::size_t table, const ColumnRemarks& remarks);
  // Its cursor was reset: all its rows are read again.
  void Forget(std::size_t table);

  // A Warning for each table, column and kind with new remarks.
  struct Text {
    std::size_t table;
    std::string text;
  };
  std::vector<Text> Take(const Scheduler& scheduler);

 private:
  struct About {
    std::size_t table;
    // Counted from 1; 0: it is about whole rows.
    std::uint64_t column;
    ColumnRemark::What what;
    auto operator<=>(const About&) const = default;
  };
  // Bounded by the columns of the tables that are copied between two checkpoints.
  std::map<About, std::uint64_t> untold_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_REMARKS_H_
