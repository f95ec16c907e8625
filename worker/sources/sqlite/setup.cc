#include "worker/sources/sqlite/setup.h"

#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tributary::sqlite {
namespace {

using fivetran_sdk::v2::ConfigurationTest;
using fivetran_sdk::v2::FormField;

FormField PathField() {
  FormField path;
  path.set_name(kDatabasePathKey);
  path.set_label("Database file");
  path.set_required(true);
  path.set_description(
      "The path of the file, within the folder that the operator opened to the connector.");
  path.set_placeholder("sales/orders.db");
  path.set_text_field(fivetran_sdk::v2::PlainText);
  return path;
}

ConfigurationTest Test(const char* name, const char* label) {
  ConfigurationTest test;
  test.set_name(name);
  test.set_label(label);
  return test;
}

absl::StatusOr<DatabaseIdentity> Identify(const Configuration& configuration) {
  const auto path = DatabasePath(configuration);
  if (!path.ok()) return path.status();
  return DatabaseIdentity{.parts = {*path}, .name = path->substr(path->rfind('/') + 1)};
}

}  // namespace

EngineSetup Setup() {
  return {.name = kEngine,
          .label = "SQLite",
          .description = "A database file that the connector's machine can read.",
          .fields = {PathField()},
          .tests = {Test(kConnectTest, "Opening the database"),
                    Test(kReadTest, "Listing and reading its tables")},
          .operator_settings = {{.name = kRootSetting,
                                 .description = "Folder that confines database_path",
                                 .default_value = ".",
                                 .is_folder = true}},
          .identify = &Identify};
}

absl::StatusOr<std::string> DatabasePath(const Configuration& configuration) {
  const std::string_view path = ValueOf(configuration, kDatabasePathKey);
  if (path.empty()) {
    return UnusableValue(kDatabasePathKey, "is missing; give the path of the SQLite database file");
  }
  if (path.find('\0') != std::string_view::npos) {
    return UnusableValue(
        kDatabasePathKey,
        "holds a NUL character, which a path cannot hold; give the file's path without it");
  }
  if (path.size() > kMaxDatabasePathBytes) {
    return UnusableValue(kDatabasePathKey,
                         absl::StrCat("is ", path.size(), " bytes long; give a path of at most ",
                                      kMaxDatabasePathBytes));
  }
  return std::string(path);
}

}  // namespace tributary::sqlite
