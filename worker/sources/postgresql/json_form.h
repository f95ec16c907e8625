// A value as to_jsonb makes it, in jsonb's text, from its binary form. What columns of
// arrays, composites, ranges, multiranges and hstore hold.
//
//   booleans, numbers   themselves; NaN and the infinities as strings
//   dates, timestamps   strings in ISO form, with T and the zone +00:00; -infinity, BC
//   json, jsonb         themselves, in jsonb's form
//   arrays              arrays, a dimension within the other; lower bounds are not told
//   composites          objects, their keys in jsonb's order
//   hstore              objects of strings and nulls
//   all others          strings of their text (text_form.h), ranges too
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_JSON_FORM_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_JSON_FORM_H_

#include <string>
#include <string_view>

#include "worker/sources/postgresql/nested.h"
#include "worker/sources/postgresql/type_plan.h"

namespace tributary::postgresql {

// Appends to `out`. `plan` is known.
Outcome AppendJson(const TypePlan& plan, std::string_view bytes, std::string& out);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_JSON_FORM_H_
