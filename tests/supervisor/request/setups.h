// The engines for tests of requests: SQLite, and an invented one.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_REQUEST_SETUPS_H_
#define TRIBUTARY_TESTS_SUPERVISOR_REQUEST_SETUPS_H_

#include <string>
#include <vector>

#include "worker/sources/setup.h"
#include "worker/sources/sqlite/setup.h"

namespace tributary {

inline std::vector<EngineSetup> OnlySqlite() { return {sqlite::Setup()}; }

// Has a server's two fields, and a test that SQLite does not have.
inline EngineSetup ServerSetup() {
  EngineSetup setup;
  setup.name = "server";
  setup.label = "A server";
  setup.description = "A database behind a network.";
  for (const char* name : {"host", "database"}) {
    fivetran_sdk::v2::FormField& field = setup.fields.emplace_back();
    field.set_name(name);
    field.set_label(name);
    field.set_text_field(fivetran_sdk::v2::PlainText);
  }
  for (const char* name : {kConnectTest, kReadTest, "follow"}) {
    fivetran_sdk::v2::ConfigurationTest& test = setup.tests.emplace_back();
    test.set_name(name);
    test.set_label(name);
  }
  setup.identify = [](const Configuration& configuration) -> absl::StatusOr<DatabaseIdentity> {
    const std::string database(ValueOf(configuration, "database"));
    return DatabaseIdentity{.parts = {std::string(ValueOf(configuration, "host")), database},
                            .name = database};
  };
  return setup;
}

inline std::vector<EngineSetup> SqliteAndServer() { return {sqlite::Setup(), ServerSetup()}; }

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_SUPERVISOR_REQUEST_SETUPS_H_
