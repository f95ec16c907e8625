// Shared by the models of lives: a table with a few integer keys, its digests, and a keeper of
// these digests on a disk that never loses power.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_LIFE_MODEL_H_
#define TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_LIFE_MODEL_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "supervisor/digests/digest_keeper.h"
#include "supervisor/staging/private_env.h"
#include "worker/compare/row_digest.h"

namespace tributary::tests {

inline constexpr int kKeys = 12;
inline constexpr int kSliceKeys = 4;
inline const TableName kTable{"main", "t"};

using Rows = std::map<int, int>;

inline RowDigest DigestOf(int value) {
  RowDigest digest{};
  digest[0] = static_cast<char>(value);
  return digest;
}

inline std::string KeyOf(int key) { return absl::StrCat(key); }

inline std::string BoundBefore(int key) {
  return key == 0 || key >= kKeys ? "" : absl::StrCat(key);
}

inline int FirstKey(const BoundRange& range) {
  return range.from.empty() ? 0 : std::stoi(range.from);
}
inline int EndKey(const BoundRange& range) {
  return range.to.empty() ? kKeys : std::stoi(range.to);
}

// Null if the digests cannot be opened; the reason is then in `failure`.
inline std::unique_ptr<DigestKeeper> OpenKeeper(const std::string& folder, std::string& failure) {
  // Real syncs to the disk would take nearly all of the test's time.
  static PrivateEnv unsynced(leveldb::Env::Default());
  auto keeper = DigestKeeper::Open(&unsynced, folder, std::string(32, 'k'), [] {});
  if (keeper.ok()) return *std::move(keeper);
  failure = std::string(keeper.status().message());
  return nullptr;
}

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_LIFE_MODEL_H_
