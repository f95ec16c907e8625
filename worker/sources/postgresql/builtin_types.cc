// The types that have the same OID in every database (src/include/catalog/pg_type.dat),
// and those of extensions whose binary form is known.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/sources/postgresql/types.h"

namespace tributary::postgresql {
namespace {

struct Builtin {
  std::uint32_t oid;
  // The type of arrays of it; 0: there is none.
  std::uint32_t array;
  const char* name;
  Kind kind;
};

constexpr std::array kBuiltins = {
    Builtin{16, 1000, "bool", Kind::kBool},
    Builtin{17, 1001, "bytea", Kind::kBytea},
    Builtin{18, 1002, "char", Kind::kByteChar},
    Builtin{19, 1003, "name", Kind::kText},
    Builtin{20, 1016, "int8", Kind::kInt8},
    Builtin{21, 1005, "int2", Kind::kInt2},
    Builtin{23, 1007, "int4", Kind::kInt4},
    Builtin{24, 1008, "regproc", Kind::kNumber4},
    Builtin{25, 1009, "text", Kind::kText},
    Builtin{26, 1028, "oid", Kind::kOid},
    Builtin{27, 1010, "tid", Kind::kTid},
    Builtin{28, 1011, "xid", Kind::kNumber4},
    Builtin{29, 1012, "cid", Kind::kNumber4},
    Builtin{114, 199, "json", Kind::kJson},
    Builtin{142, 143, "xml", Kind::kXml},
    Builtin{600, 1017, "point", Kind::kPoint},
    Builtin{601, 1018, "lseg", Kind::kSegment},
    Builtin{602, 1019, "path", Kind::kPath},
    Builtin{603, 1020, "box", Kind::kBox},
    Builtin{604, 1027, "polygon", Kind::kPolygon},
    Builtin{628, 629, "line", Kind::kLine},
    Builtin{650, 651, "cidr", Kind::kInet},
    Builtin{700, 1021, "float4", Kind::kFloat4},
    Builtin{701, 1022, "float8", Kind::kFloat8},
    Builtin{718, 719, "circle", Kind::kCircle},
    Builtin{774, 775, "macaddr8", Kind::kMacaddr},
    Builtin{790, 791, "money", Kind::kMoney},
    Builtin{829, 1040, "macaddr", Kind::kMacaddr},
    Builtin{869, 1041, "inet", Kind::kInet},
    Builtin{1033, 1034, "aclitem", Kind::kUnknown},
    Builtin{1042, 1014, "bpchar", Kind::kText},
    Builtin{1043, 1015, "varchar", Kind::kText},
    Builtin{1082, 1182, "date", Kind::kDate},
    Builtin{1083, 1183, "time", Kind::kTime},
    Builtin{1114, 1115, "timestamp", Kind::kTimestamp},
    Builtin{1184, 1185, "timestamptz", Kind::kTimestamptz},
    Builtin{1186, 1187, "interval", Kind::kInterval},
    Builtin{1266, 1270, "timetz", Kind::kTimetz},
    Builtin{1560, 1561, "bit", Kind::kBit},
    Builtin{1562, 1563, "varbit", Kind::kBit},
    Builtin{1700, 1231, "numeric", Kind::kNumeric},
    Builtin{1790, 2201, "refcursor", Kind::kText},
    Builtin{2202, 2207, "regprocedure", Kind::kNumber4},
    Builtin{2203, 2208, "regoper", Kind::kNumber4},
    Builtin{2204, 2209, "regoperator", Kind::kNumber4},
    Builtin{2205, 2210, "regclass", Kind::kNumber4},
    Builtin{2206, 2211, "regtype", Kind::kNumber4},
    Builtin{2950, 2951, "uuid", Kind::kUuid},
    Builtin{2970, 2949, "txid_snapshot", Kind::kSnapshot},
    Builtin{3220, 3221, "pg_lsn", Kind::kLsn},
    Builtin{3614, 3643, "tsvector", Kind::kTsvector},
    Builtin{3615, 3645, "tsquery", Kind::kTsquery},
    Builtin{3642, 3644, "gtsvector", Kind::kUnknown},
    Builtin{3734, 3735, "regconfig", Kind::kNumber4},
    Builtin{3769, 3770, "regdictionary", Kind::kNumber4},
    Builtin{3802, 3807, "jsonb", Kind::kJsonb},
    Builtin{4072, 4073, "jsonpath", Kind::kVersionedText},
    Builtin{4089, 4090, "regnamespace", Kind::kNumber4},
    Builtin{4096, 4097, "regrole", Kind::kNumber4},
    Builtin{4191, 4192, "regcollation", Kind::kNumber4},
    Builtin{5038, 5039, "pg_snapshot", Kind::kSnapshot},
    Builtin{5069, 271, "xid8", Kind::kNumber8},
    // Arrays themselves.
    Builtin{22, 1006, "int2vector", Kind::kArray},
    Builtin{30, 1013, "oidvector", Kind::kArray},
};

struct BuiltinRange {
  const char* name;
  std::uint32_t subtype;
  std::uint32_t oid;
  std::uint32_t array;
  std::uint32_t multirange;
  std::uint32_t multirange_array;
};

constexpr std::array kRanges = {
    BuiltinRange{"int4", 23, 3904, 3905, 4451, 6150},
    BuiltinRange{"num", 1700, 3906, 3907, 4532, 6151},
    BuiltinRange{"ts", 1114, 3908, 3909, 4533, 6152},
    BuiltinRange{"tstz", 1184, 3910, 3911, 4534, 6153},
    BuiltinRange{"date", 1082, 3912, 3913, 4535, 6155},
    BuiltinRange{"int8", 20, 3926, 3927, 4536, 6157},
};

struct ExtensionType {
  const char* name;
  const char* send;
  Kind kind;
};

constexpr std::array kExtensionTypes = {
    ExtensionType{"citext", "citextsend", Kind::kText},
    ExtensionType{"hstore", "hstore_send", Kind::kHstore},
    ExtensionType{"ltree", "ltree_send", Kind::kVersionedText},
    ExtensionType{"lquery", "lquery_send", Kind::kVersionedText},
    ExtensionType{"ltxtquery", "ltxtq_send", Kind::kVersionedText},
    ExtensionType{"cube", "cube_send", Kind::kCube},
    ExtensionType{"geometry", "geometry_send", Kind::kHexBytes},
    ExtensionType{"geography", "geography_send", Kind::kHexBytes},
    ExtensionType{"vector", "vector_send", Kind::kVector},
    ExtensionType{"halfvec", "halfvec_send", Kind::kHalfVector},
    ExtensionType{"sparsevec", "sparsevec_send", Kind::kSparseVector},
};

constexpr std::uint32_t kInt2Vector = 22;
constexpr std::uint32_t kInt2 = 21;
constexpr std::uint32_t kOid = 26;

// Not the real function's name, which is not needed; only that there is one.
constexpr const char* kHasSend = "send";

TypeFacts ArrayOf(std::uint32_t oid, const TypeFacts& element) {
  TypeFacts facts;
  facts.oid = oid;
  facts.name = "_" + element.name;
  facts.array = true;
  facts.inner = element.oid;
  facts.delimiter = element.delimiter;
  facts.send = kHasSend;
  return facts;
}

TypeFacts Made(std::uint32_t oid, std::string name, char type, std::uint32_t inner) {
  TypeFacts facts;
  facts.oid = oid;
  facts.name = std::move(name);
  facts.type = type;
  facts.inner = inner;
  facts.send = kHasSend;
  return facts;
}

}  // namespace

std::vector<TypeFacts> BuiltinTypes() {
  std::vector<TypeFacts> types;
  for (const Builtin& builtin : kBuiltins) {
    TypeFacts facts = Made(builtin.oid, builtin.name, 'b', 0);
    if (builtin.kind == Kind::kBox) facts.delimiter = ';';
    if (builtin.kind == Kind::kUnknown) facts.send.clear();
    if (builtin.kind == Kind::kArray) {
      facts.array = true;
      facts.inner = builtin.oid == kInt2Vector ? kInt2 : kOid;
    }
    types.push_back(ArrayOf(builtin.array, facts));
    types.push_back(std::move(facts));
  }
  for (const BuiltinRange& range : kRanges) {
    const std::string name = range.name;
    types.push_back(Made(range.oid, name + "range", 'r', range.subtype));
    types.push_back(ArrayOf(range.array, types.back()));
    types.push_back(Made(range.multirange, name + "multirange", 'm', range.oid));
    types.push_back(ArrayOf(range.multirange_array, types.back()));
  }
  return types;
}

Kind BaseKindOf(const TypeFacts& facts) {
  for (const Builtin& builtin : kBuiltins) {
    if (builtin.oid == facts.oid) return builtin.kind;
  }
  for (const ExtensionType& known : kExtensionTypes) {
    if (facts.name == known.name && facts.send == known.send) return known.kind;
  }
  return Kind::kUnknown;
}

}  // namespace tributary::postgresql
