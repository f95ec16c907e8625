#include "worker/sources/engines.h"

#include "worker/sources/postgresql/setup.h"
#include "worker/sources/postgresql/source.h"
#include "worker/sources/sqlite/setup.h"
#include "worker/sources/sqlite/source.h"

namespace tributary {

std::vector<Engine> AllEngines() {
  return {
      {.setup = sqlite::Setup(), .make = &SqliteSource::Make, .library = &SqliteSource::Library},
      {.setup = postgresql::Setup(),
       .make = &PostgresqlSource::Make,
       .library = &PostgresqlSource::Library}};
}

}  // namespace tributary
