// A value as the server's output function prints it, made from its binary form. What
// columns of type STRING hold, and what ranges and to_jsonb's strings are made of.
//
// The texts are those of a session with DateStyle ISO, IntervalStyle postgres, TimeZone
// UTC, bytea_output hex, extra_float_digits of 1 or more. Differently from the server:
// regclass and its like are their numbers, whose names are not in the row; "char" above
// ASCII is \ooo, as from PostgreSQL 16 on; money is as in lc_monetary C or en_US.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TEXT_FORM_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TEXT_FORM_H_

#include <string>
#include <string_view>

#include "worker/sources/postgresql/nested.h"
#include "worker/sources/postgresql/type_plan.h"

namespace tributary::postgresql {

// Appends to `out`. `plan` is known.
Outcome AppendText(const TypePlan& plan, std::string_view bytes, std::string& out);

// Without the byte 1 before the text of jsonb, jsonpath and the like. False: there is
// another one.
inline bool TakeVersion(std::string_view& bytes) {
  if (!bytes.starts_with('\1')) return false;
  bytes.remove_prefix(1);
  return true;
}

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TEXT_FORM_H_
