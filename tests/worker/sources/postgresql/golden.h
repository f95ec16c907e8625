// What a real server reported about its types and values (golden/README.md), for tests.
#ifndef TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_GOLDEN_H_
#define TRIBUTARY_TESTS_WORKER_SOURCES_POSTGRESQL_GOLDEN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/sources/postgresql/types.h"

namespace tributary::postgresql {

// The columns of one line in COPY's text format.
std::vector<std::string> SplitCopyText(std::string_view line);
// The lines of a file in COPY's text format. Fails the test if the file is missing.
std::vector<std::vector<std::string>> ReadCopyText(const std::string& file);
// A complete file of the golden folder.
std::string ReadGolden(const std::string& file);

// Ignores spaces between digits.
std::string FromHex(std::string_view digits);
std::string ToHex(std::string_view bytes);

// The types in facts.txt: those of the server and those of types.sql.
const std::vector<TypeFacts>& GoldenFacts();
// The type with this name in facts.txt; fails the test if there is none.
const TypeFacts& GoldenType(std::string_view name);
// A catalog that contains all of them.
TypeCatalog GoldenCatalog(int money_digits = 2);

// A value in values.txt: the results of the server's send and output functions and of to_jsonb.
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
