// Writes a row's values to the encoder, each as its column's type, and keeps what
// became of those that are not as they should be.
//
// What is known about a column is worked out once for each assignment; a value costs
// one switch and two calls of SQLite. Nothing is allocated for a value that is what
// its declaration says.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_ROW_WRITER_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_ROW_WRITER_H_

#include <google/protobuf/repeated_ptr_field.h>
#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/worker.pb.h"
#include "worker/encoder/batch_writer.h"
#include "worker/sources/sqlite/conversion.h"

namespace tributary::sqlite {

class RowWriter {
 public:
  // The columns of another assignment; what was kept of the last one is gone.
  void Begin(const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns);
  // Whether the database's text is UTF-8, or is to be converted.
  void TakeTextAs(bool utf8) { utf8_ = utf8; }

  std::size_t columns() const { return columns_.size(); }
  const std::string& name(std::size_t at) const { return columns_[at].name; }

  // False: the value does not fit its column's type; nothing is written of it.
  bool Write(std::size_t at, sqlite3_value* value, BatchWriter& writer);
  // All of a row's. False: one of them does not fit.
  bool WriteAll(sqlite3_value** values, BatchWriter& writer);
  // Whether Write would write it; by the same code.
  bool Fits(std::size_t at, sqlite3_value* value);

  // A text's bytes, as UTF-8 as far as they are; until `value` changes.
  std::string_view TextOf(sqlite3_value* value) const;

  // What became of values since the last call.
  std::vector<ColumnRemark> TakeRemarks();

 private:
  struct Column {
    std::string name;
    fivetran_sdk::v2::DataType type = fivetran_sdk::v2::DataType::UNSPECIFIED;
    std::uint32_t precision = 0;
    std::uint32_t scale = 0;
    bool key = false;
    // What became of values since it was told.
    std::uint64_t repaired = 0;
    std::uint64_t blobs_as_text = 0;
    std::uint64_t nulls_in_key = 0;
  };
  // `Writer`: BatchWriter, or one that only lets see what fits.
  template <typename Writer>
  bool WriteValue(std::size_t at, sqlite3_value* value, Writer& writer);
  template <typename Writer>
  bool WriteBoolean(const Column& column, std::size_t at, sqlite3_value* value, Writer& writer);
  template <typename Writer>
  bool WriteDecimal(const Column& column, std::size_t at, sqlite3_value* value, Writer& writer);
  template <typename Writer>
  bool WriteMoment(const Column& column, std::size_t at, sqlite3_value* value, Writer& writer);
  template <typename Writer>
  bool WriteJson(std::size_t at, sqlite3_value* value, Writer& writer);
  template <typename Writer>
  void WriteText(Column& column, std::size_t at, std::string_view text, Writer& writer);
  template <typename Writer>
  void WriteAnyAsText(Column& column, std::size_t at, sqlite3_value* value, Writer& writer);
  template <typename Writer>
  void WriteAsStored(Column& column, std::size_t at, sqlite3_value* value, Writer& writer);

  std::vector<Column> columns_;
  bool utf8_ = true;
  NumberText number_;
  std::string text_;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_ROW_WRITER_H_
