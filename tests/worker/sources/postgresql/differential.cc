// Compares values from a real server with what our code makes of them. Not a test: it reads lines
// made by golden/random.sql from stdin, and prints the differences.
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>

#include "tests/worker/sources/postgresql/golden.h"
#include "worker/sources/postgresql/json_form.h"
#include "worker/sources/postgresql/text_form.h"

namespace tributary::postgresql {
namespace {

int Compare() {
  TypeCatalog catalog;
  std::uint64_t values = 0;
  std::uint64_t different = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const std::vector<std::string> columns = SplitCopyText(line);
    const auto column = catalog.Column(static_cast<std::uint32_t>(std::stoul(columns[0])), -1);
    if (!column.ok()) return 2;
    const std::string bytes = FromHex(columns[2]);
    std::string text;
    std::string json;
    const bool done = AppendText(*column->logged, bytes, text) == Outcome::kDone &&
                      AppendJson(*column->logged, bytes, json) == Outcome::kDone;
    ++values;
    if (done && text == columns[3] && json == columns[4]) continue;
    if (++different <= 20) {
      std::printf("%s %s\n  here   %s %s\n  server %s %s\n", columns[1].c_str(), columns[2].c_str(),
                  text.c_str(), json.c_str(), columns[3].c_str(), columns[4].c_str());
    }
  }
  std::printf("%llu values, %llu differ\n", static_cast<unsigned long long>(values),
              static_cast<unsigned long long>(different));
  return values > 0 && different == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tributary::postgresql

int main() { return tributary::postgresql::Compare(); }
