// Finds, for each column, the narrowest type that holds all the values that it gets: the column's
// own if they fit, otherwise the first fitting one of the types that may replace it (listed in
// type_search.cc), in the end STRING, which holds everything. A value fits if RowWriter can write
// it; both use the same code.
//
// The result does not depend on the order of the values.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_TYPE_SEARCH_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_TYPE_SEARCH_H_

#include <google/protobuf/repeated_ptr_field.h>
#include <sqlite3.h>

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "proto/worker.pb.h"
#include "worker/sources/sqlite/row_writer.h"

namespace tributary::sqlite {

class TypeSearch {
 public:
  // Sets the columns in their current types, and forgets earlier values.
  void Begin(const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns);
  // The database's text encoding.
  void TakeTextAs(TextEncoding encoding) { row_.TakeTextAs(encoding); }

  std::size_t columns() const { return columns_.size(); }
  const std::string& name(std::size_t at) const { return columns_[at].name; }
  // Its own type and the types that may replace it, without STRING at the end.
  const std::vector<fivetran_sdk::v2::DataType>& types(std::size_t at) const {
    return columns_[at].types;
  }
  // False: its type accepts every value, so its values need not be checked.
  bool MayWiden(std::size_t at) const { return columns_[at].types.size() > 1; }

  void See(std::size_t at, sqlite3_value* value);

  // Whether a value did not fit its column's own type.
  bool found() const { return found_; }
  // The columns that need another type, with the type and the kinds of values that do not fit; at
  // most as many as fit into half a frame, which 2,000 names of 200 bytes do not reach.
  void AddTo(google::protobuf::RepeatedPtrField<Widening>& widenings) const;

 private:
  static constexpr std::size_t kMostTypes = 8;
  struct Column {
    std::string name;
    bool key = false;
    // Its own and those that may follow, without STRING at the end. Each has its column in row_,
    // from `first` on; the last one is its own type as if it were not in a key.
    std::vector<fivetran_sdk::v2::DataType> types;
    std::size_t first = 0;
    std::bitset<kMostTypes> too_narrow;
    // Indexed by Widening::Misfit.
    std::bitset<Widening::Misfit_ARRAYSIZE> misfits;
  };

  Widening::Misfit MisfitOf(const Column& column, sqlite3_value* value);

  std::vector<Column> columns_;
  RowWriter row_;
  bool found_ = false;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_TYPE_SEARCH_H_
