// Digests with damaged bytes on the disk: they are refused, not guessed, and the next sync has new
// ones.
#include <gtest/gtest.h>
#include <leveldb/env.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "supervisor/digests/digest_keeper.h"
#include "tests/supervisor/digests/keeper_scene.h"
#include "worker/compare/entries.h"

namespace tributary::tests {
namespace {

using DamagedDigests = KeeperScene;

TEST_F(DamagedDigests, DamagedFileIsNoDigest) {
  std::uint64_t generation = 0;
  {
    const auto keeper = Open();
    generation = Copied(*keeper, {"a", "b", "c"});
  }
  for (const auto& file : std::filesystem::directory_iterator(folder())) {
    if (file.path().extension() != ".log") continue;
    std::fstream log(file.path(), std::ios::binary | std::ios::in | std::ios::out);
    const auto size = static_cast<std::streamoff>(file.file_size());
    log.seekp(size / 2);
    log.write("damage", 6);
  }
  const auto keeper = DigestKeeper::Open(leveldb::Env::Default(), folder(), kKey, [] {});
  // Either the digests cannot be opened, or the table's digests are missing.
  if (keeper.ok()) {
    EXPECT_FALSE((*keeper)->Check(kOrders, generation).ok());
  }
}

// LevelDB moves its log into a table file when the database is opened. A damaged key there must be
// detected, because nothing else records which rows were sent.
TEST_F(DamagedDigests, NoDamagedByteHidesWhatWasGivenOut) {
  namespace fs = std::filesystem;
  const std::uint64_t generation = Copied(*Open(), {"a"});
  {
    const auto keeper = Open();
    ASSERT_TRUE(keeper->BeginComparison(kOrders, generation, generation).ok());
    Digests intents;
    intents.set_kind(Digests::INTENTS);
    AppendDelete(*intents.mutable_entries(), "a");
    keeper->AddCompared(kOrders, 0, intents);
  }
  EXPECT_TRUE(Open()->HasUnconfirmed(kOrders, generation));
  const std::string whole = dir_ / "whole";
  fs::rename(folder(), whole);
  int tried = 0;
  for (const auto& file : fs::directory_iterator(whole)) {
    if (file.path().extension() != ".ldb") continue;
    for (std::uintmax_t at = 0; at < file.file_size(); ++at) {
      // The footer at the end of the file has no checksum.
      constexpr std::uintmax_t kFooterBytes = 48;
      const bool checked = at + kFooterBytes < file.file_size();
      for (const int mask : checked ? std::vector{0x10} : std::vector{0x10, 0x80, 0x7f, 0x01}) {
        ++tried;
        fs::remove_all(folder());
        fs::copy(whole, folder());
        std::fstream bytes(fs::path(folder()) / file.path().filename(),
                           std::ios::binary | std::ios::in | std::ios::out);
        bytes.seekg(static_cast<std::streamoff>(at));
        const int byte = bytes.get();
        bytes.seekp(static_cast<std::streamoff>(at));
        bytes.put(static_cast<char>(byte ^ mask)).flush();
        SCOPED_TRACE(absl::StrCat("byte ", at, ", mask ", mask));
        const auto keeper = DigestKeeper::Open(leveldb::Env::Default(), folder(), kKey, [] {});
        // UNAVAILABLE would mean a failing disk, which an operator would have to repair.
        EXPECT_FALSE(absl::IsUnavailable(keeper.status())) << keeper.status();
        if (!keeper.ok()) continue;
        EXPECT_TRUE((*keeper)->HasUnconfirmed(kOrders, generation));
        EXPECT_FALSE(absl::IsUnavailable((*keeper)->Check(kOrders, generation)));
      }
    }
  }
  EXPECT_GT(tried, 100);
}

TEST_F(DamagedDigests, DamageThatIsFoundDoesNotOutliveTheSync) {
  namespace fs = std::filesystem;
  // Each time the database is opened, LevelDB makes a table file of its log; it merges table files
  // only after there are several.
  for (int times = 0; times < 4; ++times) Copied(*Open(), {"a", "b", "c"});
  std::set<fs::path> tables;
  for (const auto& file : fs::directory_iterator(folder())) {
    if (file.path().extension() == ".ldb") tables.insert(file.path());
  }
  ASSERT_GT(tables.size(), 1U);
  // Not the oldest table file: it is read on opening, and the damage would be found too early.
  std::fstream bytes(*tables.rbegin(), std::ios::binary | std::ios::in | std::ios::out);
  bytes.seekp(20);
  bytes.write("damage", 6).flush();
  auto keeper = DigestKeeper::Open(leveldb::Env::Default(), folder(), kKey, [] {});
  ASSERT_TRUE(keeper.ok()) << keeper.status();
  absl::Status written = absl::OkStatus();
  for (int tries = 0; written.ok() && tries < 100; ++tries) {
    (*keeper)->BeginCopy(kOrders, 0, CopiedContent::kNameless).status().IgnoreError();
    written = (*keeper)->writer().Sync(std::chrono::seconds(10));
  }
  keeper->reset();
  EXPECT_FALSE(DigestStore::IsThere(leveldb::Env::Default(), folder()));
  EXPECT_GT(Copied(*Open(), {"a"}), 0U);
}

}  // namespace
}  // namespace tributary::tests
