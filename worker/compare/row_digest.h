// What is kept of a row for a later comparison: the fields of its key and a keyed hash of the whole
// row, both as they are on the wire. So the row's engine does not matter, and its DELETE can be
// written from the key alone.
//
// XXH3's 128-bit hash with a secret of kDigestSecretBytes random bytes. Two different rows with one
// key are considered equal with a probability of 2^-128, as long as no one who writes rows can see
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
  // Valid until the next row; empty if the table has no key.
  std::string_view key;
  RowDigest digest{};
};

class RowDigester {
 public:
  // `secret`: the assignment's digest_secret.
  explicit RowDigester(std::string_view secret);

  // `entries` as RowJudge gets them. Nothing: the row lacks a key to find it by, or its key is
  // longer than limits::kMaxDigestKeyBytes.
  std::optional<DigestedRow> Digest(const TableShape& shape, std::string_view entries);

 private:
  std::string secret_;
  std::string key_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_ROW_DIGEST_H_
