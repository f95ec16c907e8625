#include "worker/sources/sqlite/row_writer.h"

#include <cmath>
#include <optional>
#include <utility>

#include "common/text.h"
#include "worker/sources/sqlite/key_form.h"
#include "worker/sources/sqlite/moment.h"

namespace tributary::sqlite {
namespace {

using fivetran_sdk::v2::DataType;

std::string_view BytesOf(sqlite3_value* value) {
  const auto* const bytes = static_cast<const char*>(sqlite3_value_blob(value));
  return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

// Has BatchWriter's functions for values and ignores the values.
struct NoWriter {
  void Null(const auto&...) {}
  void Bool(const auto&...) {}
  void Long(const auto&...) {}
  void Double(const auto&...) {}
  void NaiveDate(const auto&...) {}
  void NaiveDatetime(const auto&...) {}
  void UtcDatetime(const auto&...) {}
  void Decimal(const auto&...) {}
  void Binary(const auto&...) {}
  void String(const auto&...) {}
  void Json(const auto&...) {}
};

}  // namespace

void RowWriter::Begin(const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns) {
  columns_.assign(static_cast<std::size_t>(columns.size()), Column());
  null_in_key_ = false;
  for (std::size_t at = 0; at < columns_.size(); ++at) {
    const auto& from = columns.Get(static_cast<int>(at));
    Column& column = columns_[at];
    column.name = from.name();
    column.type = from.type();
    column.key = from.primary_key();
    column.precision = from.params().decimal().precision();
    column.scale = from.params().decimal().scale();
  }
}

bool RowWriter::Write(std::size_t at, sqlite3_value* value, BatchWriter& writer) {
  return WriteValue(at, value, writer);
}

bool RowWriter::Fits(std::size_t at, sqlite3_value* value) {
  NoWriter nothing;
  return WriteValue(at, value, nothing);
}

bool RowWriter::WriteAll(sqlite3_value** values, BatchWriter& writer) {
  bool fits = true;
  for (std::size_t at = 0; at < columns_.size(); ++at) fits = Write(at, values[at], writer) && fits;
  return fits;
}

template <typename Writer>
bool RowWriter::WriteValue(std::size_t at, sqlite3_value* value, Writer& writer) {
  Column& column = columns_[at];
  const int stored = sqlite3_value_type(value);
  if (stored == SQLITE_NULL) {
    null_in_key_ = null_in_key_ || column.key;
    writer.Null(at);
    return !column.key;
  }
  if (column.key && !FitsInKey(column.type, stored)) return false;
  switch (column.type) {
    case DataType::LONG:
      if (stored != SQLITE_INTEGER) return false;
      writer.Long(at, sqlite3_value_int64(value));
      return true;
    case DataType::BOOLEAN:
      return WriteBoolean(at, value, writer);
    case DataType::DOUBLE:
      if (stored != SQLITE_FLOAT &&
          (stored != SQLITE_INTEGER || !IsExactDouble(sqlite3_value_int64(value)))) {
        return false;
      }
      writer.Double(at, sqlite3_value_double(value));
      return true;
    case DataType::STRING:
      if (column.key) {
        WriteKeyAsText(column, at, value, writer);
      } else {
        WriteAnyAsText(column, at, value, writer);
      }
      return true;
    case DataType::BINARY:
      if (stored != SQLITE_BLOB) return false;
      writer.Binary(at, BytesOf(value));
      return true;
    case DataType::DECIMAL:
      return WriteDecimal(column, at, value, writer);
    case DataType::NAIVE_DATE:
    case DataType::NAIVE_DATETIME:
    case DataType::UTC_DATETIME:
      return WriteMoment(column, at, value, writer);
    case DataType::JSON:
      return WriteJson(at, value, writer);
    case DataType::UNSPECIFIED:
      WriteAsStored(column, at, value, writer);
      return true;
    default:
      // A type that this engine never gives out.
      return false;
  }
}

template <typename Writer>
bool RowWriter::WriteBoolean(std::size_t at, sqlite3_value* value, Writer& writer) {
  std::optional<bool> truth;
  if (sqlite3_value_type(value) == SQLITE_INTEGER) {
    const std::int64_t number = sqlite3_value_int64(value);
    if (number == 0 || number == 1) truth = number == 1;
  } else if (sqlite3_value_type(value) == SQLITE_TEXT) {
    truth = Truth(TextOf(value));
  }
  if (truth) writer.Bool(at, *truth);
  return truth.has_value();
}

template <typename Writer>
bool RowWriter::WriteDecimal(const Column& column, std::size_t at, sqlite3_value* value,
                             Writer& writer) {
  std::optional<std::string_view> digits;
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      digits = DecimalDigits(std::int64_t{sqlite3_value_int64(value)}, column.precision,
                             column.scale, number_);
      break;
    case SQLITE_FLOAT:
      digits = DecimalDigits(sqlite3_value_double(value), column.precision, column.scale, number_);
      break;
    case SQLITE_TEXT:
      digits = DecimalDigits(TextOf(value), column.precision, column.scale, number_);
      break;
    default:
      break;
  }
  if (digits) writer.Decimal(at, *digits);
  return digits.has_value();
}

template <typename Writer>
bool RowWriter::WriteMoment(const Column& column, std::size_t at, sqlite3_value* value,
                            Writer& writer) {
  if (sqlite3_value_type(value) != SQLITE_TEXT) return false;
  const auto moment = ReadMoment(TextOf(value));
  if (!moment) return false;
  if (column.type == DataType::NAIVE_DATE) {
    const auto seconds = NaiveDate(*moment, column.key);
    if (seconds) writer.NaiveDate(at, *seconds);
    return seconds.has_value();
  }
  if (column.type == DataType::NAIVE_DATETIME) {
    const bool fits = IsNaiveDatetime(*moment, column.key);
    if (fits) writer.NaiveDatetime(at, moment->seconds, moment->nanoseconds);
    return fits;
  }
  const auto seconds = UtcSeconds(*moment, column.key);
  if (seconds) writer.UtcDatetime(at, *seconds, moment->nanoseconds);
  return seconds.has_value();
}

template <typename Writer>
bool RowWriter::WriteJson(std::size_t at, sqlite3_value* value, Writer& writer) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      writer.Json(at, IntegerText(sqlite3_value_int64(value), number_));
      return true;
    case SQLITE_FLOAT: {
      const double real = sqlite3_value_double(value);
      if (!std::isfinite(real)) return false;
      writer.Json(at, RealText(real, number_));
      return true;
    }
    case SQLITE_TEXT: {
      const std::string_view text = TextOf(value);
      if (!IsJson(text) || !IsSound(text)) return false;
      writer.Json(at, text);
      return true;
    }
    default:
      return false;
  }
}

std::string_view RowWriter::TextOf(sqlite3_value* value) {
  // Read without the copy that would add a terminating NUL.
  const std::string_view stored = BytesOf(value);
  if (encoding_ == TextEncoding::kUtf8) return stored;
  decoded_is_sound_ = Utf16ToUtf8(stored, encoding_ == TextEncoding::kUtf16BigEndian, decoded_);
  return decoded_;
}

bool RowWriter::IsSound(std::string_view text) const {
  return encoding_ == TextEncoding::kUtf8 ? IsUtf8(text) : decoded_is_sound_;
}

template <typename Writer>
void RowWriter::WriteText(Column& column, std::size_t at, std::string_view text, Writer& writer) {
  if (IsSound(text)) {
    writer.String(at, text);
    return;
  }
  Note(column.notes.repaired);
  RepairUtf8(text, text_);
  writer.String(at, text_);
}

template <typename Writer>
void RowWriter::WriteAnyAsText(Column& column, std::size_t at, sqlite3_value* value,
                               Writer& writer) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_TEXT:
      WriteText(column, at, TextOf(value), writer);
      break;
    case SQLITE_INTEGER:
      writer.String(at, IntegerText(sqlite3_value_int64(value), number_));
      break;
    case SQLITE_FLOAT:
      writer.String(at, RealText(sqlite3_value_double(value), number_));
      break;
    default:
      Note(column.notes.blobs_as_text);
      BlobText(BytesOf(value), text_);
      writer.String(at, text_);
      break;
  }
}

template <typename Writer>
void RowWriter::WriteKeyAsText(Column& column, std::size_t at, sqlite3_value* value,
                               Writer& writer) {
  const int stored = sqlite3_value_type(value);
  if (stored == SQLITE_BLOB || (stored != SQLITE_TEXT && !column.text_affinity)) {
    WriteAnyAsText(column, at, value, writer);
    return;
  }
  if (stored == SQLITE_TEXT) {
    const std::string_view text = TextOf(value);
    const bool sound = IsSound(text);
    if (sound && !ReadsLikeLiteral(text, column.text_affinity)) {
      writer.String(at, text);
      return;
    }
    if (sound) {
      QuotedLiteral(text, text_);
    } else {
      BrokenTextLiteral(BytesOf(value), text_);
    }
  } else if (stored == SQLITE_INTEGER) {
    IntegerLiteral(IntegerText(sqlite3_value_int64(value), number_), text_);
  } else {
    RealLiteral(RealText(sqlite3_value_double(value), number_), text_);
  }
  Note(column.notes.literals_in_key);
  writer.String(at, text_);
}

template <typename Writer>
void RowWriter::WriteAsStored(Column& column, std::size_t at, sqlite3_value* value,
                              Writer& writer) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_TEXT:
      WriteText(column, at, TextOf(value), writer);
      break;
    case SQLITE_INTEGER:
      writer.Long(at, sqlite3_value_int64(value));
      break;
    case SQLITE_FLOAT:
      writer.Double(at, sqlite3_value_double(value));
      break;
    default:
      writer.Binary(at, BytesOf(value));
      break;
  }
}

void RowWriter::KeepNotes() {
  for (Column& column : columns_) column.kept = column.notes;
  kept_noted_ = noted_;
}

void RowWriter::DropNotes() {
  for (Column& column : columns_) column.notes = column.kept;
  kept_noted_ = noted_;
}

std::vector<ColumnRemark> RowWriter::TakeRemarks() {
  std::vector<ColumnRemark> remarks;
  for (std::size_t at = 0; at < columns_.size(); ++at) {
    const auto take = [&remarks, at](ColumnRemark::What what, std::uint64_t& values) {
      if (values == 0) return;
      ColumnRemark& remark = remarks.emplace_back();
      remark.set_what(what);
      remark.set_column(static_cast<std::uint32_t>(at));
      remark.set_values(std::exchange(values, 0));
    };
    Column& column = columns_[at];
    take(ColumnRemark::REPAIRED_UTF8, column.notes.repaired);
    take(ColumnRemark::BLOB_AS_TEXT, column.notes.blobs_as_text);
    take(ColumnRemark::KEY_AS_LITERAL, column.notes.literals_in_key);
    column.kept = {};
  }
  return remarks;
}

}  // namespace tributary::sqlite
