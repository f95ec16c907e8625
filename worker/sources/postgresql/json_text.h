// JSON as jsonb's output has it: ", " and ": " between, keys in jsonb's order. Pure
// functions; each appends to `out`.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_JSON_TEXT_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_JSON_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace tributary::postgresql {

// With its quotes, and without them.
void AppendJsonString(std::string_view text, std::string& out);
void AppendJsonEscaped(std::string_view text, std::string& out);

// jsonb's order of keys: shorter ones first, equally long ones by their bytes.
inline bool IsBeforeInJsonb(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

enum class JsonbForm { kWritten, kNotJson, kTooLarge };
// A value of type json as it comes out of jsonb: without its spaces, of equal keys the
// last, keys in order, escapes only where needed, numbers as numeric prints them. What
// jsonb refuses stays as it was stored: the escapes \u0000 and of halves of surrogate
// pairs, numbers too large for numeric; a value nested too deeply as a whole. Too large:
// more than a message may have; unless it is written, `out` is of no use.
JsonbForm AppendJsonbForm(std::string_view json, std::string& out);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_JSON_TEXT_H_
