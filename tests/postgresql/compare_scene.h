// A SyncScene whose connection uses `update_method: compare`, and the number of records that a sync
// sent for a table.
#ifndef TRIBUTARY_TESTS_POSTGRESQL_COMPARE_SCENE_H_
#define TRIBUTARY_TESTS_POSTGRESQL_COMPARE_SCENE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>

#include "tests/postgresql/sync_scene.h"

namespace tributary::postgresql_test {

inline Configuration CompareConfiguration(const std::string& database,
                                          const std::string& user = tests::PostgresServer::kUser) {
  Configuration configuration = ConfigurationOf(database, user);
  configuration["update_method"] = "compare";
  return configuration;
}

class CompareScene : public SyncScene {
 protected:
  CompareScene() { Configure(CompareConfiguration(database_.name())); }

  struct Counts {
    std::uint64_t upserts = 0;
    std::uint64_t deletes = 0;
    std::uint64_t truncates = 0;
    bool operator==(const Counts&) const = default;
    friend void PrintTo(const Counts& counts, std::ostream* out) {
      *out << counts.upserts << " upserts, " << counts.deletes << " deletes, " << counts.truncates
           << " truncates";
    }
  };
  static Counts CountsOf(const tests::SyncOutcome& outcome, const std::string& table) {
    const std::string name = "public." + table;
    EXPECT_EQ(outcome.TableCount(name, "updates"), 0);
    return {.upserts = outcome.TableCount(name, "upserts"),
            .deletes = outcome.TableCount(name, "deletes"),
            .truncates = outcome.TableCount(name, "truncates")};
  }
};

// Large enough for several slices.
inline constexpr char kOrders[] =
    "CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric(12,2), note text);"
    "INSERT INTO orders SELECT i, i / 7.0, 'note ' || i FROM generate_series(1, 150000) i";

}  // namespace tributary::postgresql_test

#endif  // TRIBUTARY_TESTS_POSTGRESQL_COMPARE_SCENE_H_
