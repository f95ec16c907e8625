#include "worker/sources/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "worker/sources/engines.h"

namespace tributary {
namespace {

using testing::HasSubstr;
using testing::Not;

class NoPulse : public Pulse {
  void Beat() override {}
};

// Reports the options that it was made with.
class EchoReader : public Reader {
 public:
  explicit EchoReader(SourceOptions options) : options_(std::move(options)) {}
  absl::StatusOr<SourceNeeds> Prepare() override {
    return SourceNeeds{.paths = {{options_.operator_settings["folder"], false}}};
  }
  absl::Status Test(std::string_view) override { return absl::OkStatus(); }
  absl::StatusOr<Catalog> Describe(const DescribeAssignment&) override { return Catalog(); }
  absl::StatusOr<Slices> Cut(const CutAssignment&) override { return Slices(); }
  absl::StatusOr<AssignmentEnd> Read(const ReadAssignment&, BatchWriter&) override {
    return AssignmentEnd();
  }

 private:
  SourceOptions options_;
};

std::vector<Engine> SqliteAndEcho() {
  std::vector<Engine> engines = AllEngines();
  engines.push_back({.setup = {.name = "echo"},
                     .make = [](SourceOptions options, Pulse&) -> std::unique_ptr<Reader> {
                       return std::make_unique<EchoReader>(std::move(options));
                     }});
  return engines;
}

TEST(Registry, TheConfigurationChoosesTheEngineWhichGetsTheOperatorsSettings) {
  NoPulse pulse;
  const auto reader = MakeReader(
      SqliteAndEcho(),
      {.configuration = {{"source", "echo"}}, .operator_settings = {{"folder", "/data"}}}, pulse);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->Prepare()->paths[0].path, "/data");
}

TEST(Registry, AnEngineThatOnlyReadsHasNeitherLogNorKeys) {
  EchoReader reader({});
  EXPECT_EQ(reader.log(), nullptr);
  EXPECT_EQ(reader.keys(), nullptr);
}

TEST(Registry, AnUnknownEngineIsRefusedWithoutItsName) {
  NoPulse pulse;
  for (const char* named : {"", "oracle", "SQLite", "hunter2"}) {
    const auto reader = MakeReader(SqliteAndEcho(), {.configuration = {{"source", named}}}, pulse);
    EXPECT_TRUE(absl::IsFailedPrecondition(reader.status())) << named;
    EXPECT_THAT(std::string(reader.status().message()), Not(HasSubstr("hunter2")));
  }
}

TEST(Registry, EveryEngineHasASetupThatBothRolesCanUse) {
  std::set<std::string> names;
  std::set<std::string> settings;
  for (const EngineSetup& setup : SetupsOf(AllEngines())) {
    SCOPED_TRACE(setup.name);
    EXPECT_TRUE(names.insert(setup.name).second);
    EXPECT_FALSE(setup.label.empty() || setup.description.empty());
    ASSERT_GE(setup.tests.size(), 2u);
    EXPECT_EQ(setup.tests[0].name(), kConnectTest);
    EXPECT_EQ(setup.tests[1].name(), kReadTest);
    ASSERT_NE(setup.identify, nullptr);
    EXPECT_TRUE(absl::IsFailedPrecondition(setup.identify({}).status()));
    for (const OperatorSetting& setting : setup.operator_settings) {
      EXPECT_TRUE(settings.insert(setting.name).second) << setting.name;
      EXPECT_FALSE(setting.description.empty()) << setting.name;
      if (setting.check == nullptr) continue;
      EXPECT_TRUE(setting.check(setting.default_value).ok()) << setting.name;
    }
  }
}

}  // namespace
}  // namespace tributary
