// Flags that an engine has of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "common/log.h"
#include "supervisor/settings.h"
#include "worker/sources/engines.h"

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::vector<EngineSetup> TwoSetups() {
  return {{.name = "one",
           .operator_settings = {{.name = "one-root",
                                  .description = "A folder",
                                  .default_value = "."}}},
          {.name = "two",
           .operator_settings = {{.name = "two-retained-wal", .description = "A size"}}}};
}

ParsedSettings Parse(const std::vector<EngineSetup>& setups, std::vector<std::string> arguments) {
  std::vector<char*> argv;
  arguments.insert(arguments.begin(), "tributary");
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return ParseSettings(static_cast<int>(argv.size()), argv.data(), setups, "", Logger());
}

TEST(OperatorSettings, EachIsAFlagWithADefault) {
  const auto by_default = Parse(TwoSetups(), {});
  ASSERT_TRUE(by_default.settings.has_value());
  EXPECT_THAT(by_default.settings->for_engines,
              ElementsAre(Pair("one-root", "."), Pair("two-retained-wal", "")));
  const auto given = Parse(TwoSetups(), {"--two-retained-wal", "16GiB", "--one-root=/data"});
  ASSERT_TRUE(given.settings.has_value());
  EXPECT_THAT(given.settings->for_engines,
              ElementsAre(Pair("one-root", "/data"), Pair("two-retained-wal", "16GiB")));
}

TEST(OperatorSettings, EachHasATwinInTheEnvironment) {
  ASSERT_EQ(setenv("TRIBUTARY_TWO_RETAINED_WAL", "1GiB", 1), 0);
  const auto parsed = Parse(TwoSetups(), {});
  ASSERT_EQ(unsetenv("TRIBUTARY_TWO_RETAINED_WAL"), 0);
  ASSERT_TRUE(parsed.settings.has_value());
  EXPECT_EQ(parsed.settings->for_engines.at("two-retained-wal"), "1GiB");
}

TEST(OperatorSettings, AFlagOfNoEngineIsRefused) {
  const auto parsed = Parse(TwoSetups(), {"--sqlite-root", "/data"});
  EXPECT_FALSE(parsed.settings.has_value());
  EXPECT_NE(parsed.exit_code, 0);
}

TEST(OperatorSettings, TheConnectorTakesSqlitesRoot) {
  const auto parsed = Parse(SetupsOf(AllEngines()), {"--sqlite-root", "/data"});
  ASSERT_TRUE(parsed.settings.has_value());
  EXPECT_EQ(parsed.settings->for_engines.at("sqlite-root"), "/data");
}

}  // namespace
}  // namespace tributary
