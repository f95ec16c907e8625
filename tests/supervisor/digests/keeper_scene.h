// A keeper of one table's digests on a real disk.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_KEEPER_SCENE_H_
#define TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_KEEPER_SCENE_H_

#include <gtest/gtest.h>
#include <leveldb/env.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/digests/digest_keeper.h"
#include "tests/process/temp_dir.h"
#include "worker/compare/entries.h"

namespace tributary::tests {

inline const TableName kOrders{"main", "orders"};
inline const std::string kKey(32, 'k');

class KeeperScene : public testing::Test {
 protected:
  std::string folder() const { return dir_ / "digests"; }

  std::unique_ptr<DigestKeeper> Open(const std::string& key = kKey) {
    auto keeper = DigestKeeper::Open(leveldb::Env::Default(), folder(), key, [] {});
    EXPECT_TRUE(keeper.ok()) << keeper.status();
    return keeper.ok() ? *std::move(keeper) : nullptr;
  }

  // Rows with these keys, up to the bound `at`.
  static Digests RowsBefore(const std::string& at, const std::vector<std::string>& keys) {
    Digests digests;
    for (const std::string& key : keys) AppendRow(*digests.mutable_entries(), key, RowDigest{});
    digests.set_rows(keys.size());
    digests.set_at(at);
    return digests;
  }

  static std::uint64_t Copied(DigestKeeper& keeper, const std::vector<std::string>& keys) {
    const auto generation = keeper.BeginCopy(kOrders, 0);
    EXPECT_TRUE(generation.ok()) << generation.status();
    keeper.AddCopied(kOrders, 1, "", RowsBefore("", keys));
    EXPECT_TRUE(keeper.FinishCopy(kOrders, CatalogTable::RANGES));
    return *generation;
  }

  TempDir dir_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_KEEPER_SCENE_H_
