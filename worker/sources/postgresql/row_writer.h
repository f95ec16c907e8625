// Writes one table's values to the encoder, with the same decoder for a copy and for the log, and
// counts values that have no counterpart.
//
// Facts about a column are computed once; nothing is allocated for an ordinary value. Used by one
// thread.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ROW_WRITER_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ROW_WRITER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "worker/sources/postgresql/copy_stream.h"
#include "worker/sources/postgresql/decode.h"
#include "worker/sources/postgresql/pgoutput.h"
#include "worker/sources/postgresql/types.h"

namespace tributary::postgresql {

class RowWriter {
 public:
  struct Column {
    std::string name;
    ColumnType type;
    // Of the table's key.
    bool key = false;
  };
  // `table` is named in errors. The columns have the order of the value calls' `column`.
  RowWriter(std::string table, std::vector<Column> columns);

  enum class Result {
    kWritten,
    // Of the log: the value is not in the message, or cannot be read from it; the row has
    // to be read again, or sent without it.
    kMissing,
    // The value is larger than a message: the row is to be dropped and counted.
    kTooLarge,
    // A value of the key has no counterpart: the row is to be dropped, and CountLeftOut called
    // unless it was a row to be deleted.
    kNoKey,
    // failure() says why.
    kFailed,
  };

  // A value of a copy, or of a row that is read again.
  template <typename Sink>
  Result WriteCopied(std::size_t column, std::string_view bytes, Sink& sink) {
    return Write(*copied_[column], column, bytes, sink);
  }
  // A row of a copy; its fields are the columns, in their order. If the result is not kWritten,
  // the row must be dropped.
  template <typename Sink>
  Result WriteRow(const CopyRow& row, Sink& sink) {
    for (std::size_t column = 0; column < copied_.size(); ++column) {
      if (row.null(column)) {
        sink.Null(column);
        continue;
      }
      const Result result = WriteCopied(column, row[column], sink);
      if (result != Result::kWritten) return result;
    }
    return Result::kWritten;
  }
  // A value of the log.
  template <typename Sink>
  Result WriteLogged(std::size_t column, const TupleColumn& value, Sink& sink) {
    const ColumnType& type = columns_[column].type;
    switch (value.form) {
      case TupleColumn::Form::kNull:
        sink.Null(column);
        return Result::kWritten;
      case TupleColumn::Form::kUnchanged:
        return Result::kMissing;
      case TupleColumn::Form::kText:
        if (type.log_form != LogForm::kText) return FailAsText(column);
        // The copy asked for the same text.
        return Write(*copied_[column], column, value.value, sink);
      case TupleColumn::Form::kBinary:
        break;
    }
    if (type.log_form != LogForm::kBinary) return Result::kMissing;
    return Write(*type.logged, column, value.value, sink);
  }

  // Appends a value of a copy as the server prints it. False: it has no such text.
  bool AppendText(std::size_t column, std::string_view bytes, std::string& out) const {
    return postgresql::AppendText(*copied_[column], bytes, out) == Outcome::kDone;
  }

  // A row with a value that was kNoKey is left out.
  void CountLeftOut();

  // DATA_LOSS: bytes that the column's type does not have. NOT_FOUND: the column's type
  // was altered; ask for it again, make another writer.
  const absl::Status& failure() const { return failure_; }

  struct Remark {
    // Neither a failure nor kValue.
    Decoded what = Decoded::kValue;
    std::size_t column = 0;
    std::uint64_t values = 0;
  };
  // What was done to values since the last call.
  std::vector<Remark> TakeRemarks();

 private:
  template <typename Sink>
  Result Write(const TypePlan& plan, std::size_t column, std::string_view bytes, Sink& sink) {
    if (columns_[column].key && plan.kind == Kind::kText && NeedsLiteral(bytes)) [[unlikely]] {
      return WriteLiteral(column, bytes, sink);
    }
    const Decoded decoded = ValueDecoder<Sink>(plan, column, scratch_, sink).Decode(bytes);
    if (decoded == Decoded::kValue) [[likely]]
      return Result::kWritten;
    return Note(decoded, column, plan);
  }
  // A text of a key that is not UTF-8 is sent as the SQL literal of its bytes, and so is a text
  // that could be mistaken for such a literal.
  static bool NeedsLiteral(std::string_view text);
  template <typename Sink>
  Result WriteLiteral(std::size_t column, std::string_view text, Sink& sink) {
    sink.String(column, "CAST(x'" + Hex(text) + "' AS TEXT)");
    return Note(Decoded::kKeyAsLiteral, column, *copied_[column]);
  }
  static std::string Hex(std::string_view bytes);
  Result Note(Decoded decoded, std::size_t column, const TypePlan& plan);
  Result FailAsText(std::size_t column);

  static constexpr std::size_t kKinds = static_cast<std::size_t>(Decoded::kMalformed);

  const std::string table_;
  const std::vector<Column> columns_;
  // The columns' own; together, for the loop over a row.
  std::vector<const TypePlan*> copied_;
  std::vector<std::array<std::uint64_t, kKinds>> counts_;
  bool noted_ = false;
  // Of the last kNoKey.
  std::size_t no_key_ = 0;
  std::string scratch_;
  absl::Status failure_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ROW_WRITER_H_
