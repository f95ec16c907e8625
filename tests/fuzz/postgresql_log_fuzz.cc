// Any bytes as the data of a replication connection, message after message, each after two bytes
// with its length: they give messages whose parts are within the message, and a cursor that never
// goes back; or they are refused.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "worker/sources/postgresql/log_cursor.h"
#include "worker/sources/postgresql/pgoutput.h"
#include "worker/sources/postgresql/replication_stream.h"

namespace tributary::postgresql {
namespace {

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

void RequireWithin(std::string_view part, std::string_view whole) {
  if (part.data() == nullptr) return;
  Require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size(),
          "a part lies within its message");
}

void RequireWithin(const Tuple& tuple, std::string_view whole) {
  for (const TupleColumn& column : tuple) {
    if (column.form == TupleColumn::Form::kText || column.form == TupleColumn::Form::kBinary) {
      RequireWithin(column.value, whole);
    }
  }
}

void CheckParts(const PgoutputMessage& message, std::string_view whole) {
  using Type = PgoutputMessage::Type;
  switch (message.type) {
    case Type::kRelation:
      for (const RelationColumn& column : message.columns) RequireWithin(column.name, whole);
      [[fallthrough]];
    case Type::kType:
      RequireWithin(message.schema, whole);
      RequireWithin(message.name, whole);
      break;
    case Type::kUpdate:
    case Type::kDelete:
      if (message.old != PgoutputMessage::Old::kNothing) RequireWithin(message.old_tuple, whole);
      if (message.type == Type::kUpdate) RequireWithin(message.new_tuple, whole);
      break;
    case Type::kInsert:
      RequireWithin(message.new_tuple, whole);
      break;
    case Type::kMessage:
      RequireWithin(message.name, whole);
      RequireWithin(message.content, whole);
      break;
    default:
      break;
  }
}

void Check(std::string_view bytes) {
  LogCursor cursor({});
  PgoutputMessage parsed;
  ReplicationMessage message;
  while (bytes.size() > 2) {
    const std::size_t size =
        static_cast<unsigned char>(bytes[0]) * 256u + static_cast<unsigned char>(bytes[1]);
    // Its own memory, so that a sanitizer detects a read past its end.
    const std::string_view part = bytes.substr(2, size);
    bytes.remove_prefix(2 + part.size());
    const std::vector<char> own(part.begin(), part.end());
    const std::string_view whole(own.data(), own.size());
    if (!ParseReplicationMessage(whole, message).ok()) continue;
    const LogPosition before = cursor.place();
    if (message.type == ReplicationMessage::Type::kKeepalive) {
      cursor.TakeKeepalive(message.end);
    } else {
      RequireWithin(message.payload, whole);
      if (!ParsePgoutput(message.payload, parsed).ok()) continue;
      CheckParts(parsed, whole);
      if (!cursor.Take(parsed, message.start).ok()) return;
    }
    Require(cursor.place() >= before, "the cursor never goes back");
  }
}

}  // namespace
}  // namespace tributary::postgresql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tributary::postgresql::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
