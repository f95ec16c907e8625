// Maps a type in pg_type to the Fivetran type of its columns and to the plan for reading their
// values. README.md has the table. Pure: the engine asks the server and adds the answers.
//
//   while (!(oids = catalog.Missing(wanted)).empty()) { ask for oids; Add or AddGone each }
//   catalog.Column(oid, typmod)
//
// The server's own types (OIDs below 10000, which are the same in every database) are known from
// the start, so that most databases need no query.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TYPES_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/common.pb.h"
#include "worker/sources/postgresql/type_plan.h"

namespace tributary::postgresql {

// One row of pg_type, and what belongs to it.
struct TypeFacts {
  struct Field {
    std::string name;
    std::uint32_t type = 0;
  };
  std::uint32_t oid = 0;
  std::string name;  // typname
  // typtype: 'b' base, 'c' composite, 'd' domain, 'e' enum, 'r' range, 'm' multirange.
  char type = 'b';
  // typsubscript is array_subscript_handler. typtype is 'b' and typelem the element.
  bool array = false;
  // The element of an array (typelem), the base of a domain (typbasetype), the subtype of
  // a range (pg_range.rngsubtype), the range of a multirange (rngtypid where rngmultitypid
  // is this type). 0 otherwise.
  std::uint32_t inner = 0;
  // typtypmod of a domain; -1 otherwise.
  std::int32_t typmod = -1;
  char delimiter = ',';  // typdelim
  // The name of the function typsend (pg_proc.proname); empty where there is none.
  std::string send;
  // pg_cast has a cast to json from it, which to_jsonb then uses where it is within an
  // array or a composite. False for types below OID 16384, which to_jsonb does not ask.
  bool casts_to_json = false;
  // Of a composite: pg_attribute by attnum, of attnum > 0 and not attisdropped.
  std::vector<Field> fields;
};

// What a column's COPY asks for.
enum class CopyForm {
  kPlain,   // the column
  kAsText,  // its text, since its binary form is missing or not known
  kAsJson,  // to_jsonb of it, for the same reason
};

// What a column's value in pgoutput's binary mode is.
enum class LogForm {
  kBinary,
  // There is no binary form, so the server sends the text.
  kText,
  // A binary form that is not known here: the row has to be read again.
  kReadAgain,
  // The server fails when it meets a value, and the whole stream with it.
  kBreaksStream,
};

// One column: as what it is sent, and how its values are read.
struct ColumnType {
  fivetran_sdk::v2::DataType type = fivetran_sdk::v2::DataType::UNSPECIFIED;
  // DECIMAL with limits; precision 0: none.
  std::uint32_t precision = 0;
  std::uint32_t scale = 0;
  CopyForm copy_form = CopyForm::kPlain;
  LogForm log_form = LogForm::kBinary;
  // What a value in COPY is, and what a binary value in the log is.
  std::shared_ptr<const TypePlan> copied{};
  std::shared_ptr<const TypePlan> logged{};

  void SetOn(fivetran_sdk::v2::Column& column) const;
  // Whether `column` is sent as this.
  bool IsOf(const fivetran_sdk::v2::Column& column) const;
};

// The expression that COPY selects for a column; `quoted` is its quoted name. Works with
// an empty search_path.
std::string CopyExpression(CopyForm form, const std::string& quoted);

class TypeCatalog {
 public:
  // `money_digits`: how many digits of a money value are after the point; the scale of
  // `SELECT 0::money::numeric`.
  explicit TypeCatalog(int money_digits = 2);

  void Add(TypeFacts facts);
  // The server has no type of this OID: its columns are read as text.
  void AddGone(std::uint32_t oid);
  // A composite type may change without a new OID: forgets all types that are not the server's own.
  // Columns that were made before keep their types.
  void ForgetUserTypes();

  // Those of these types and their parts that must be looked up; sorted.
  std::vector<std::uint32_t> Missing(const std::vector<std::uint32_t>& oids) const;

  // pg_attribute's atttypid and atttypmod. NOT_FOUND where something is missing.
  absl::StatusOr<ColumnType> Column(std::uint32_t oid, std::int32_t typmod);

 private:
  const TypeFacts* Find(std::uint32_t oid) const;
  std::shared_ptr<const TypePlan> PlanOf(std::uint32_t oid, std::size_t depth);
  // Adds what `plan` is made of.
  void AddParts(const TypeFacts& facts, std::size_t depth, TypePlan& plan);

  int money_digits_;
  std::unordered_map<std::uint32_t, TypeFacts> facts_;
  std::unordered_map<std::uint32_t, std::shared_ptr<const TypePlan>> plans_;
};

// The server's own types.
std::vector<TypeFacts> BuiltinTypes();
// A type that is not made of others: by OID where it is the server's own, otherwise by the
// names of type and send function. kUnknown for all others.
Kind BaseKindOf(const TypeFacts& facts);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TYPES_H_
