// The messages of the output plugin pgoutput, in its protocol 1: whole, committed transactions, one
// after another, in the order of their commits. Messages travel in XLogData (replication_stream.h).
//
// Layouts (https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html);
// integers in network order, texts end with a NUL, times are microseconds since 2000-01-01:
//
//   'B' Begin     64 bits final LSN, 64 commit time, 32 transaction
//   'C' Commit     8 bits flags (0), 64 commit LSN, 64 end LSN, 64 commit time
//   'O' Origin    64 bits LSN of the commit there, text name
//   'R' Relation  32 bits OID, text schema (empty: pg_catalog), text name, 8 replica
//                 identity (pg_class.relreplident), 16 how many columns; for each 8 flags
//                 (1: of the replica identity), text name, 32 type, 32 type modifier
//   'Y' Type      32 bits OID, text schema, text name
//   'I' Insert    32 bits relation, 'N', tuple
//   'U' Update    32 bits relation, where the old one is told 'K' (the replica identity's
//                 columns) or 'O' (all) and a tuple, 'N', tuple
//   'D' Delete    32 bits relation, 'K' or 'O', tuple
//   'T' Truncate  32 bits how many relations, 8 options (1: CASCADE, 2: RESTART IDENTITY),
//                 32 each relation
//   'M' Message    8 bits flags (1: transactional), 64 LSN, text prefix, 32 size, content
//
//   tuple         16 bits how many columns; for each 'n' null, 'u' an unchanged value that
//                 is stored out of line and is not sent, 't' text or 'b' binary form, each
//                 with 32 bits of size and its bytes. In a 'K' tuple the columns outside
//                 of the replica identity are 'n'.
//
// A Relation comes before the first change of a table in a connection and before the first
// after its definition has changed, within transactions too; a Type before it where a
// column has a type that is not the server's own.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_PGOUTPUT_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_PGOUTPUT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace tributary::postgresql {

// A place in the log, in bytes from its beginning; 0: no place.
using Lsn = std::uint64_t;

struct TupleColumn {
  enum class Form : char { kNull = 'n', kUnchanged = 'u', kText = 't', kBinary = 'b' };
  Form form = Form::kNull;
  std::string_view value;
};
using Tuple = std::vector<TupleColumn>;

struct RelationColumn {
  bool in_identity = false;
  std::string_view name;
  std::uint32_t type = 0;
  std::int32_t typmod = -1;
};

// One message. Views point into the parsed bytes. Only the members that are listed with the type
// are set; the others keep values of earlier messages, because one object is used for all messages
// to reuse its memory.
struct PgoutputMessage {
  enum class Type : char {
    kBegin = 'B',     // final_lsn, time, transaction
    kCommit = 'C',    // final_lsn, end_lsn, time
    kOrigin = 'O',    // name
    kRelation = 'R',  // oid, schema, name, identity, columns
    kType = 'Y',      // oid, schema, name
    kInsert = 'I',    // oid, new_tuple
    kUpdate = 'U',    // oid, old, old_tuple, new_tuple
    kDelete = 'D',    // oid, old, old_tuple
    kTruncate = 'T',  // truncated, cascade, restart_identity
    kMessage = 'M',   // transactional, final_lsn, name (the prefix), content
  };
  // What is told of the old row.
  enum class Old : char { kNothing = 0, kIdentity = 'K', kAll = 'O' };

  Type type = Type::kBegin;
  // Of a transaction: where its commit is, and where the log goes on after it.
  Lsn final_lsn = 0;
  Lsn end_lsn = 0;
  std::int64_t time = 0;
  std::uint32_t transaction = 0;
  // Of the relation that is changed, or the type.
  std::uint32_t oid = 0;
  std::string_view schema;
  std::string_view name;
  // 'd' the primary key, 'n' nothing, 'f' all columns, 'i' an index.
  char identity = 'd';
  std::vector<RelationColumn> columns;
  Old old = Old::kNothing;
  Tuple old_tuple;
  Tuple new_tuple;
  std::vector<std::uint32_t> truncated;
  bool cascade = false;
  bool restart_identity = false;
  bool transactional = false;
  std::string_view content;

  // One that changes rows.
  bool IsChange() const {
    return type == Type::kInsert || type == Type::kUpdate || type == Type::kDelete ||
           type == Type::kTruncate;
  }
};

// Parses one message. DATA_LOSS: the bytes are not a message of protocol 1; `message` must then not
// be used.
absl::Status ParsePgoutput(std::string_view bytes, PgoutputMessage& message);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_PGOUTPUT_H_
