// Finds, for each column, the narrowest type that holds all the values it is shown: the
// column's own if they fit it, else the first of the types that may follow it
// (type_search.cc has the list), in the end STRING, which holds everything. What fits is
// what RowWriter writes, by the same code.
//
// Which type is found depends on the values and on no order of them.
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
  // The columns in the types they are sent in now. What was seen before is gone.
  void Begin(const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns);
  // How the database stores text.
  void TakeTextAs(TextEncoding encoding) { row_.TakeTextAs(encoding); }

  std::size_t columns() const { return columns_.size(); }
  const std::string& name(std::size_t at) const { return columns_[at].name; }
  // Its own type and those that may follow, but for STRING at the end.
  const std::vector<fivetran_sdk::v2::DataType>& types(std::size_t at) const {
    return columns_[at].types;
  }
  // False: its type takes every value, so there is no need to show it any.
  bool MayWiden(std::size_t at) const { return columns_[at].types.size() > 1; }

  void See(std::size_t at, sqlite3_value* value);

  // Whether a value did not fit its column's own type.
  bool found() const { return found_; }
  // The columns that need another type, with it and what they hold that their own does not;
  // no more than half a frame has room for, which 2,000 names of 200 bytes do not reach.
  void AddTo(google::protobuf::RepeatedPtrField<Widening>& widenings) const;

 private:
  static constexpr std::size_t kMostTypes = 8;
  struct Column {
    std::string name;
    bool key = false;
    // Its own and those that may follow, without STRING at the end. Each has its column in
    // row_, from `first` on; then comes its own as if it were in no key.
    std::vector<fivetran_sdk::v2::DataType> types;
    std::size_t first = 0;
    std::bitset<kMostTypes> too_narrow;
    // By Widening::Misfit.
    std::bitset<Widening::Misfit_ARRAYSIZE> misfits;
  };

  Widening::Misfit MisfitOf(const Column& column, sqlite3_value* value);

  std::vector<Column> columns_;
  RowWriter row_;
  bool found_ = false;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_TYPE_SEARCH_H_
