// What is kept of a row so that it can be held against itself later: the fields of its key
// as they are on the wire, and a keyed hash of all of it as it is on the wire. So it does
// not matter which engine the row is of, and its DELETE can be written from the key alone.
//
// XXH3's 128-bit hash under a secret of kDigestSecretBytes random bytes. Two rows of one key that
// differ are taken for equal with a chance of 2^-128 as long as nobody who writes rows can see
// digests or the secret.
//
// Used by one thread at a time.
#ifndef TRIBUTARY_WORKER_COMPARE_ROW_DIGEST_H_
#define TRIBUTARY_WORKER_COMPARE_ROW_DIGEST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "worker/encoder/table_shape.h"

namespace tributary {

inline constexpr std::size_t kRowDigestBytes = 16;
inline constexpr std::size_t kDigestSecretBytes = 192;
using RowDigest = std::array<char, kRowDigestBytes>;

struct DigestedRow {
  // Until the next row; empty where the table has no key.
  std::string_view key;
  RowDigest digest{};
};

class RowDigester {
 public:
  // `secret`: the assignment's digest_secret.
  explicit RowDigester(std::string_view secret);

  // `entries` as RowJudge has them. Nothing: the row has not the key by which it could be found
  // again, or one over limits::kMaxDigestKeyBytes.
  std::optional<DigestedRow> Digest(const TableShape& shape, std::string_view entries);

 private:
  std::string secret_;
  std::string key_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_ROW_DIGEST_H_
