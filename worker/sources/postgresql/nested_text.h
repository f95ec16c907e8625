// Arrays, composites, ranges and hstores as the server's output functions print them:
// what a range over them, or a column that is sent as text, has. `plan` is of that kind;
// each appends to `out`.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NESTED_TEXT_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NESTED_TEXT_H_

#include <string>
#include <string_view>

#include "worker/sources/postgresql/nested.h"
#include "worker/sources/postgresql/type_plan.h"

namespace tributary::postgresql {

// [2:3]={1,NULL}, {"a b","c"}
Outcome AppendArrayText(const TypePlan& plan, std::string_view bytes, std::string& out);
// (1,"a b",)
Outcome AppendCompositeText(const TypePlan& plan, std::string_view bytes, std::string& out);
// [1,5), empty
Outcome AppendRangeText(const TypePlan& plan, std::string_view bytes, std::string& out);
// {[1,3),[5,7)}
Outcome AppendMultirangeText(const TypePlan& plan, std::string_view bytes, std::string& out);
// "a"=>"1", "b"=>NULL
Outcome AppendHstoreText(std::string_view bytes, std::string& out);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NESTED_TEXT_H_
