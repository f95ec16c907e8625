// Writes a row's values to the encoder, each in its column's type, and counts those that were
// altered.
//
// The facts about a column are computed once for each assignment; a value costs one switch and two
// calls of SQLite. Nothing is allocated for a value that matches its declaration.
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
#include "worker/sources/sqlite/utf16.h"

namespace tributary::sqlite {

class RowWriter {
 public:
  // Sets the columns of another assignment; the counts of the last one are dropped.
  void Begin(const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns);
  // The database's text encoding.
  void TakeTextAs(TextEncoding encoding) { encoding_ = encoding; }
  // Whether a key's column has TEXT affinity (key_form.h); the default is no.
  void SetTextAffinity(std::size_t at, bool is) { columns_[at].text_affinity = is; }
  bool is_key(std::size_t at) const { return columns_[at].key; }

  std::size_t columns() const { return columns_.size(); }
  const std::string& name(std::size_t at) const { return columns_[at].name; }

  // False: the value does not fit its column's type; nothing was written.
  bool Write(std::size_t at, sqlite3_value* value, BatchWriter& writer);
  // Writes all values of a row. False: one of them does not fit.
  bool WriteAll(sqlite3_value** values, BatchWriter& writer);
  // Whether Write would write it; by the same code.
  bool Fits(std::size_t at, sqlite3_value* value);

  // A text as UTF-8, with invalid parts replaced; valid until `value` changes or this is called
  // again.
  std::string_view TextOf(sqlite3_value* value);

  // A key's value was NULL, so its row could not be distinguished: it did not fit.
  bool null_in_key() const { return null_in_key_; }
  // Keeps the notes about values written since the last call of either for TakeRemarks, or drops
  // them because the row is not sent.
  void KeepRemarks() {
    if (noted_ != kept_noted_) KeepNotes();
  }
  void DropRemarks() {
    if (noted_ != kept_noted_) DropNotes();
  }
  // The remarks about values since the last call.
  std::vector<ColumnRemark> TakeRemarks();

 private:
  struct Column {
    std::string name;
    fivetran_sdk::v2::DataType type = fivetran_sdk::v2::DataType::UNSPECIFIED;
    std::uint32_t precision = 0;
    std::uint32_t scale = 0;
    bool key = false;
    bool text_affinity = false;
    // Notes since the last TakeRemarks, and how many of them are about kept rows.
    struct Notes {
      std::uint64_t repaired = 0;
      std::uint64_t blobs_as_text = 0;
      std::uint64_t literals_in_key = 0;
    };
    Notes notes;
    Notes kept;
  };
  void Note(std::uint64_t& count) {
    ++count;
    ++noted_;
  }
  void KeepNotes();
  void DropNotes();
  // `Writer`: BatchWriter, or a writer that only checks what fits.
  template <typename Writer>
  bool WriteValue(std::size_t at, sqlite3_value* value, Writer& writer);
  template <typename Writer>
  bool WriteBoolean(std::size_t at, sqlite3_value* value, Writer& writer);
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
  void WriteKeyAsText(Column& column, std::size_t at, sqlite3_value* value, Writer& writer);
  template <typename Writer>
  void WriteAsStored(Column& column, std::size_t at, sqlite3_value* value, Writer& writer);
  // Whether TextOf's last text was entirely valid Unicode.
  bool IsSound(std::string_view text) const;

  std::vector<Column> columns_;
  TextEncoding encoding_ = TextEncoding::kUtf8;
  bool null_in_key_ = false;
  // The number of notes so far, and at the last KeepRemarks or DropRemarks.
  std::uint64_t noted_ = 0;
  std::uint64_t kept_noted_ = 0;
  NumberText number_;
  std::string text_;
  std::string decoded_;
  bool decoded_is_sound_ = true;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_ROW_WRITER_H_
