// The rows of a table between two keys, in the order of the key. It is the server that compares
// keys: here they are texts, made of rows and given back to it.
//
// Pure.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_RANGE_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_RANGE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/copy_stream.h"
#include "worker/sources/postgresql/row_writer.h"
#include "worker/sources/postgresql/slice_view.h"

namespace tributary::postgresql {

class KeyRange {
 public:
  KeyRange() = default;
  // INVALID_ARGUMENT: bounds that are none of such a table. NOT_FOUND: the key's columns are no
  // longer there.
  static absl::StatusOr<KeyRange> Make(const ReadAssignment& assignment, const Access& access,
                                       const SliceView& view);

  // What follows the table in a query, whose alias there is `alias`.
  std::string WhereAndOrder(const std::string& alias) const;

  // The bound that all rows before this one are before. Nothing: its key cannot be one.
  // `rows`: that of the columns of the assignment.
  std::optional<std::string> BoundBefore(const CopyRow& row, const RowWriter& rows) const;

 private:
  // The key's columns, each after `alias`, separated by commas.
  std::string Columns(const std::string& alias) const;
  std::string Compared(const std::string& alias, const char* how,
                       const std::vector<std::string>& key) const;

  // The key's columns, in its order: quoted, and their places among the assignment's.
  std::vector<std::string> names_;
  std::vector<std::size_t> places_;
  // Empty: the table's end.
  std::vector<std::string> from_;
  std::vector<std::string> to_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_RANGE_H_
