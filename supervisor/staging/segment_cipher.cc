#include "supervisor/staging/segment_cipher.h"

#include <openssl/crypto.h>

#include <cassert>

#include "absl/strings/string_view.h"
#include "supervisor/staging/bytes.h"

namespace tributary {
namespace {

constexpr std::string_view kPurpose = "tributary staging segment";

}  // namespace

EncodedBlockKey EncodeBlockKey(BlockKey key) {
  EncodedBlockKey encoded;
  StoreBig(key.position, encoded.data());
  StoreBig(key.part, encoded.data() + sizeof(key.position));
  return encoded;
}

absl::StatusOr<BlockKey> DecodeBlockKey(std::string_view encoded) {
  if (encoded.size() != kBlockKeyBytes) {
    return absl::InvalidArgumentError("staging: a key has the wrong length");
  }
  return BlockKey{LoadBig<std::uint64_t>(encoded.data()),
                  LoadBig<std::uint32_t>(encoded.data() + sizeof(std::uint64_t))};
}

absl::StatusOr<std::unique_ptr<SegmentCipher>> SegmentCipher::Derive(std::string_view epoch_key,
                                                                     std::string_view salt,
                                                                     std::uint64_t epoch,
                                                                     std::uint64_t segment) {
  if (epoch_key.size() != kEpochKeyBytes) {
    return absl::InvalidArgumentError("staging: an epoch's key has to be 32 bytes");
  }
  std::string purpose(kPurpose);
  purpose.resize(kPurpose.size() + 2 * sizeof(std::uint64_t));
  StoreLittle(epoch, purpose.data() + kPurpose.size());
  StoreLittle(segment, purpose.data() + kPurpose.size() + sizeof(epoch));

  auto key = DeriveBytes(kStagingOwner, epoch_key, salt, purpose, AesGcm::kKeyBytes);
  if (!key.ok()) return key.status();
  auto cipher = AesGcm::Make({kStagingOwner, "block"}, *key);
  OPENSSL_cleanse(key->data(), key->size());
  if (!cipher.ok()) return cipher.status();
  return std::unique_ptr<SegmentCipher>(new SegmentCipher(*std::move(cipher)));
}

absl::Status SegmentCipher::Seal(BlockKey key, std::string_view authenticated, const char* plain,
                                 std::size_t size, char* sealed) {
  assert(!sealed_any_ || key > last_sealed_);
  sealed_any_ = true;
  last_sealed_ = key;
  return cipher_.Seal(EncodeBlockKey(key).data(), authenticated, {plain, size}, sealed);
}

absl::Status SegmentCipher::Open(BlockKey key, std::string_view authenticated,
                                 std::string_view sealed, char* plain) {
  if (sealed.size() < kTagBytes) {
    return absl::DataLossError("staging: a value is too short to be a sealed block");
  }
  return cipher_.Open(EncodeBlockKey(key).data(), authenticated, sealed, plain);
}

}  // namespace tributary
