// How values of one PostgreSQL type are read: which binary form they have, and for types
// that are made of others, those. Made by TypeCatalog (types.h), immutable.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TYPE_PLAN_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TYPE_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tributary::postgresql {

// The binary forms, one for each send function that differs from the others. Where one is
// not described here, the file that reads it does.
enum class Kind : std::uint8_t {
  kBool,  // a byte
  kInt2,  // integers and floats in network order
  kInt4,
  kInt8,
  kOid,
  kFloat4,
  kFloat8,
  kNumeric,  // numbers.h
  kMoney,
  kDate,  // times.h
  kTimestamp,
  kTimestamptz,
  kTime,
  kTimetz,
  kInterval,
  kText,           // the text: varchar, char(n), name, citext, an enum's label
  kVersionedText,  // a byte 1 and the text: jsonpath, ltree
  kByteChar,       // "char": a byte
  kNumber4,        // integers whose text is their digits: xid, cid, regclass and its like
  kNumber8,        // xid8
  kLsn,            // 64 bits: "16/B374D848"
  kTid,            // 32 bits of a block, 16 of a place in it: "(7,2)"
  kSnapshot,       // pg_snapshot: 32 bits of how many, xmin, xmax and those in 64 bits
  kUuid,           // network.h
  kInet,           // and cidr
  kMacaddr,        // and macaddr8
  kBit,            // and varbit: 32 bits of how many bits, and those
  kTsvector,       // text_search.h
  kTsquery,
  kPoint,  // shapes.h
  kLine,
  kSegment,
  kBox,
  kPath,
  kPolygon,
  kCircle,
  kCube,
  kVector,
  kHalfVector,
  kSparseVector,
  kBytea,
  kHexBytes,  // bytes whose text is hexadecimal digits: PostGIS
  kXml,
  kJson,   // the text as it was stored
  kJsonb,  // a byte 1 and the text
  kArray,  // nested.h
  kComposite,
  kRange,
  kMultirange,
  kHstore,
  // A form that is not known here: read as the server's text.
  kUnknown,
};

// The delimiter of int2vector and oidvector, arrays whose text has no braces.
inline constexpr char kVectorDelimiter = ' ';

struct TypePlan;

// A type within another: an array's element, a composite's field, a range's bound, a
// multirange's range.
struct TypePart {
  // As it is on the wire: a domain's own where it is one.
  std::uint32_t oid = 0;
  // A composite's field's name as a JSON string, with its quotes.
  std::string json_key;
  std::shared_ptr<const TypePlan> plan;
};

struct TypePlan {
  Kind kind = Kind::kUnknown;
  // For messages.
  std::string name{};
  // What separates an array's elements in its text: ';' for box.
  char delimiter = ',';
  // Of kMoney: digits after the point.
  std::uint8_t money_digits = 0;
  std::vector<TypePart> parts{};
  // A composite's fields in the order in which jsonb has their names.
  std::vector<std::uint32_t> json_order{};
  // Within an array or a composite, to_jsonb calls a cast of the database's own.
  bool casts_to_json = false;
  // The binary form can be read here, that of its parts too.
  bool known = false;
  // The server can write it, that of its parts too.
  bool sendable = false;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TYPE_PLAN_H_
