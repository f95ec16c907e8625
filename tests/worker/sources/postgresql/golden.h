// What a real server said of its types and values (golden/README.md), as the tests use it.
#ifndef TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_GOLDEN_H_
#define TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_GOLDEN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/sources/postgresql/types.h"

namespace tributary::postgresql {

// The columns of one line that COPY wrote in its text format.
std::vector<std::string> SplitCopyText(std::string_view line);
// The lines of a file that COPY wrote so. Fails the test where the file is not there.
std::vector<std::vector<std::string>> ReadCopyText(const std::string& file);
// A whole file of the golden folder.
std::string ReadGolden(const std::string& file);

// Spaces between digits count for nothing.
std::string FromHex(std::string_view digits);
std::string ToHex(std::string_view bytes);

// The types of facts.txt: the server's own and those of types.sql.
const std::vector<TypeFacts>& GoldenFacts();
// The type of that name there; the test fails where there is none.
const TypeFacts& GoldenType(std::string_view name);
// A catalog that was told of all of them.
TypeCatalog GoldenCatalog(int money_digits = 2);

// A value of values.txt: what the server's send and output functions and to_jsonb gave.
struct GoldenValue {
  std::uint32_t oid = 0;
  std::string type;
  std::string bytes;
  std::string text;
  std::string json;
};
const std::vector<GoldenValue>& GoldenValues();

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_GOLDEN_H_
