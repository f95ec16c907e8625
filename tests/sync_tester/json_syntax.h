// Whether a text is JSON by RFC 8259. Only the syntax is checked: numbers of any size are accepted,
// and the text must already be UTF-8.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_JSON_SYNTAX_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_JSON_SYNTAX_H_

#include <string_view>

namespace tributary::tester {

bool IsJson(std::string_view text);

// An object with at least one member.
bool IsFilledJsonObject(std::string_view text);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_JSON_SYNTAX_H_
