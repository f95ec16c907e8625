#include "worker/sources/postgresql/pgoutput.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {
namespace {

using Type = PgoutputMessage::Type;
using Old = PgoutputMessage::Old;

void TakeTuple(WireReader& reader, Tuple& tuple) {
  const auto columns = reader.Take<std::uint16_t>();
  tuple.clear();
  for (std::uint16_t at = 0; at < columns && reader.ok(); ++at) {
    TupleColumn& column = tuple.emplace_back();
    column.form = static_cast<TupleColumn::Form>(reader.Take<char>());
    switch (column.form) {
      case TupleColumn::Form::kNull:
      case TupleColumn::Form::kUnchanged:
        break;
      case TupleColumn::Form::kText:
      case TupleColumn::Form::kBinary:
        if (!reader.TakeField(column.value)) reader.Fail();
        break;
      default:
        reader.Fail();
    }
  }
}

// What comes before an old tuple, and the tuple.
void TakeOldTuple(WireReader& reader, char kind, PgoutputMessage& message) {
  if (kind != static_cast<char>(Old::kIdentity) && kind != static_cast<char>(Old::kAll)) {
    reader.Fail();
    return;
  }
  message.old = static_cast<Old>(kind);
  TakeTuple(reader, message.old_tuple);
}

void TakeNewTuple(WireReader& reader, char kind, PgoutputMessage& message) {
  if (kind != 'N') {
    reader.Fail();
    return;
  }
  TakeTuple(reader, message.new_tuple);
}

void TakeRelation(WireReader& reader, PgoutputMessage& message) {
  message.oid = reader.Take<std::uint32_t>();
  message.schema = reader.TakeText();
  message.name = reader.TakeText();
  message.identity = reader.Take<char>();
  const auto columns = reader.Take<std::uint16_t>();
  message.columns.clear();
  for (std::uint16_t at = 0; at < columns && reader.ok(); ++at) {
    RelationColumn& column = message.columns.emplace_back();
    column.in_identity = (reader.Take<std::uint8_t>() & 1) != 0;
    column.name = reader.TakeText();
    column.type = reader.Take<std::uint32_t>();
    column.typmod = reader.Take<std::int32_t>();
  }
}

void TakeTruncate(WireReader& reader, PgoutputMessage& message) {
  constexpr unsigned kCascade = 1;
  constexpr unsigned kRestartIdentity = 2;
  const auto relations = reader.Take<std::uint32_t>();
  const unsigned options = reader.Take<std::uint8_t>();
  message.cascade = (options & kCascade) != 0;
  message.restart_identity = (options & kRestartIdentity) != 0;
  message.truncated.clear();
  for (std::uint32_t at = 0; at < relations && reader.ok(); ++at) {
    message.truncated.push_back(reader.Take<std::uint32_t>());
  }
}

void TakeMessage(WireReader& reader, PgoutputMessage& message) {
  message.transactional = (reader.Take<std::uint8_t>() & 1) != 0;
  message.final_lsn = reader.Take<std::uint64_t>();
  message.name = reader.TakeText();
  if (!reader.TakeField(message.content)) reader.Fail();
}

void TakeUpdate(WireReader& reader, PgoutputMessage& message) {
  message.oid = reader.Take<std::uint32_t>();
  message.old = Old::kNothing;
  char kind = reader.Take<char>();
  if (reader.ok() && kind != 'N') {
    TakeOldTuple(reader, kind, message);
    kind = reader.Take<char>();
  }
  TakeNewTuple(reader, kind, message);
}

}  // namespace

absl::Status ParsePgoutput(std::string_view bytes, PgoutputMessage& message) {
  WireReader reader(bytes);
  const char type = reader.Take<char>();
  message.type = static_cast<Type>(type);
  switch (message.type) {
    case Type::kBegin:
      message.final_lsn = reader.Take<std::uint64_t>();
      message.time = reader.Take<std::int64_t>();
      message.transaction = reader.Take<std::uint32_t>();
      break;
    case Type::kCommit:
      reader.Take<std::uint8_t>();
      message.final_lsn = reader.Take<std::uint64_t>();
      message.end_lsn = reader.Take<std::uint64_t>();
      message.time = reader.Take<std::int64_t>();
      break;
    case Type::kOrigin:
      reader.Take<std::uint64_t>();
      message.name = reader.TakeText();
      break;
    case Type::kRelation:
      TakeRelation(reader, message);
      break;
    case Type::kType:
      message.oid = reader.Take<std::uint32_t>();
      message.schema = reader.TakeText();
      message.name = reader.TakeText();
      break;
    case Type::kInsert:
      message.oid = reader.Take<std::uint32_t>();
      TakeNewTuple(reader, reader.Take<char>(), message);
      break;
    case Type::kUpdate:
      TakeUpdate(reader, message);
      break;
    case Type::kDelete:
      message.oid = reader.Take<std::uint32_t>();
      TakeOldTuple(reader, reader.Take<char>(), message);
      break;
    case Type::kTruncate:
      TakeTruncate(reader, message);
      break;
    case Type::kMessage:
      TakeMessage(reader, message);
      break;
    default:
      return absl::DataLossError(absl::StrCat(
          "follow the log: a message of type ", static_cast<int>(static_cast<unsigned char>(type)),
          " is not of pgoutput's protocol 1; check that the slot's plugin is pgoutput"));
  }
  if (!reader.Ended()) {
    return absl::DataLossError(
        absl::StrCat("follow the log: a message of type ", absl::string_view(&type, 1),
                     " is malformed; sync again, and look for a proxy that changes what the server "
                     "sends if it stays so"));
  }
  return absl::OkStatus();
}

}  // namespace tributary::postgresql
