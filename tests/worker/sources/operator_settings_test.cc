// The operator's flags that belong to an engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "supervisor/settings.h"
#include "supervisor/settings_check.h"
#include "tests/process/temp_dir.h"
#include "worker/sources/engines.h"

namespace tributary {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

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

constexpr char kGiB[] = "not a whole number of GiB from 1 to 1048576";

OperatorSetting SettingOf(const std::string& engine, const std::string& name) {
  const std::vector<EngineSetup> setups = SetupsOf(AllEngines());
  for (const OperatorSetting& setting : FindSetup(setups, engine)->operator_settings) {
    if (setting.name == name) return setting;
  }
  return {};
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

// This holds for each engine that declares a check.
TEST(OperatorSettings, AValueThatTheEnginesCheckRefusesEndsTheStart) {
  std::vector<EngineSetup> setups = TwoSetups();
  setups[1].operator_settings[0].check = [](const std::string& value) {
    return value == "16" ? absl::OkStatus()
                         : UnusableSetting("two-retained-wal", value, "it is not 16; give 16");
  };
  const tests::TempDir folder;
  const auto check = [&](const std::string& value) {
    const auto parsed =
        Parse(setups, {"--staging-dir", folder / "staging", "--two-retained-wal", value});
    return CheckSettings(parsed.settings.value(), setups);
  };
  EXPECT_TRUE(check("16").ok()) << check("16");
  EXPECT_EQ(check("abc"),
            absl::FailedPreconditionError("use --two-retained-wal abc: it is not 16; give 16"));
}

TEST(OperatorSettings, PostgresqlsFlagsSayWhichValuesAreWanted) {
  const struct {
    const char* flag;
    const char* value;
    const char* wanted;
  } kCases[] = {
      {"max-retained-wal", "abc", kGiB},
      {"max-retained-wal", "0", kGiB},
      {"max-retained-wal", "-1", kGiB},
      {"max-retained-wal", "1.5", kGiB},
      {"max-retained-wal", "16GiB", kGiB},
      {"max-retained-wal", "1048577", kGiB},
      {"max-retained-wal", "99999999999999999999", kGiB},
      {"postgresql-link-local", "yes", "neither refuse nor allow"},
      {"postgresql-link-local", "Allow", "neither refuse nor allow"},
  };
  for (const auto& one : kCases) {
    const absl::Status refused = SettingOf("postgresql", one.flag).check(one.value);
    EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()),
                AllOf(StartsWith(absl::StrCat("use --", one.flag, " ", one.value, ": ")),
                      HasSubstr(one.wanted)));
  }
  for (const char* value : {"1", "16", "1048576"}) {
    EXPECT_TRUE(SettingOf("postgresql", "max-retained-wal").check(value).ok()) << value;
  }
  for (const char* value : {"refuse", "allow"}) {
    EXPECT_TRUE(SettingOf("postgresql", "postgresql-link-local").check(value).ok()) << value;
  }
}

TEST(OperatorSettings, TheConnectorTakesSqlitesRoot) {
  const auto parsed = Parse(SetupsOf(AllEngines()), {"--sqlite-root", "/data"});
  ASSERT_TRUE(parsed.settings.has_value());
  EXPECT_EQ(parsed.settings->for_engines.at("sqlite-root"), "/data");
}

}  // namespace
}  // namespace tributary
