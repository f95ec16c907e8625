// AES-256-GCM with a key that only one segment has. FORMAT.md, "Keys and nonces", says why no nonce
// is used twice with a key.
//
// One thread at a time.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_SEGMENT_CIPHER_H_
#define TRIBUTARY_SUPERVISOR_STAGING_SEGMENT_CIPHER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervisor/staging/aes_gcm.h"

namespace tributary {

// The place of a value in its segment, which is both LevelDB's key and the cipher's nonce. `part`
// counts from 0 within an item too large for one value.
struct BlockKey {
  std::uint64_t position = 0;
  std::uint32_t part = 0;
  auto operator<=>(const BlockKey&) const = default;
};

inline constexpr std::size_t kBlockKeyBytes = AesGcm::kNonceBytes;
using EncodedBlockKey = std::array<char, kBlockKeyBytes>;

// Big-endian, so that LevelDB's order is the order of positions.
EncodedBlockKey EncodeBlockKey(BlockKey key);
// INVALID_ARGUMENT if `encoded` is not kBlockKeyBytes long.
absl::StatusOr<BlockKey> DecodeBlockKey(std::string_view encoded);

// For error texts.
inline constexpr char kStagingOwner[] = "staging";

class SegmentCipher {
 public:
  static constexpr std::size_t kEpochKeyBytes = 32;
  static constexpr std::size_t kSaltBytes = 32;
  static constexpr std::size_t kTagBytes = AesGcm::kTagBytes;

  // HKDF-SHA256 of the epoch's key and the segment's own values.
  static absl::StatusOr<std::unique_ptr<SegmentCipher>> Derive(std::string_view epoch_key,
                                                               std::string_view salt,
                                                               std::uint64_t epoch,
                                                               std::uint64_t segment);

  SegmentCipher(const SegmentCipher&) = delete;
  SegmentCipher& operator=(const SegmentCipher&) = delete;

  // Encrypts `size` bytes of `plain` to `sealed`, which takes kTagBytes more;
  // both may be the same. `authenticated` is authenticated and not encrypted. Keys must grow from
  // call to call: a key used twice ends the process.
  absl::Status Seal(BlockKey key, std::string_view authenticated, const char* plain,
                    std::size_t size, char* sealed);

  // The reverse; `plain` takes sealed.size() - kTagBytes. DATA_LOSS if the bytes, the key or
  // `authenticated` are not those that were sealed.
  absl::Status Open(BlockKey key, std::string_view authenticated, std::string_view sealed,
                    char* plain);

 private:
  explicit SegmentCipher(AesGcm cipher) : cipher_(std::move(cipher)) {}

  AesGcm cipher_;
  bool sealed_any_ = false;
  BlockKey last_sealed_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_SEGMENT_CIPHER_H_
