#include "supervisor/staging/segment_header.h"

#include <openssl/sha.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "supervisor/staging/bytes.h"

namespace tributary {
namespace {

constexpr std::string_view kMagic("tribstag", 8);
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kEpochAt = 12;
constexpr std::size_t kSegmentAt = 20;
constexpr std::size_t kFirstPositionAt = 28;
constexpr std::size_t kFirstPartAt = 36;
constexpr std::size_t kSaltAt = 40;
constexpr std::size_t kTagAt = kSaltAt + SegmentCipher::kSaltBytes;
constexpr std::size_t kChecksumAt = kTagAt + SegmentCipher::kTagBytes;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kHeaderBytes = kChecksumAt + kChecksumBytes;

void Checksum(std::string_view bytes, char* checksum) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  std::memcpy(checksum, digest, kChecksumBytes);
}

absl::Status Damaged(absl::string_view how) {
  return absl::DataLossError(absl::StrCat("staging: a segment's header ", how));
}

}  // namespace

absl::StatusOr<std::string> SealHeader(const SegmentHeader& header, SegmentCipher& cipher) {
  std::string bytes(kHeaderBytes, '\0');
  kMagic.copy(bytes.data(), kMagic.size());
  StoreLittle(kStagingFormatVersion, bytes.data() + kVersionAt);
  StoreLittle(header.epoch, bytes.data() + kEpochAt);
  StoreLittle(header.segment, bytes.data() + kSegmentAt);
  StoreLittle(header.first.position, bytes.data() + kFirstPositionAt);
  StoreLittle(header.first.part, bytes.data() + kFirstPartAt);
  header.salt.copy(bytes.data() + kSaltAt, SegmentCipher::kSaltBytes);
  absl::Status sealed = cipher.Seal(kHeaderKey, std::string_view(bytes).substr(0, kTagAt), nullptr,
                                    0, bytes.data() + kTagAt);
  if (!sealed.ok()) return sealed;
  Checksum(std::string_view(bytes).substr(0, kChecksumAt), bytes.data() + kChecksumAt);
  return bytes;
}

absl::StatusOr<OpenedHeader> OpenHeader(std::string_view bytes, std::string_view epoch_key) {
  if (bytes.size() < kEpochAt || !bytes.starts_with(kMagic)) return Damaged("is not one");
  const auto version = LoadLittle<std::uint32_t>(bytes.data() + kVersionAt);
  if (version < kOldestStagingFormatVersion || version > kStagingFormatVersion) {
    return absl::UnimplementedError(
        absl::StrCat("staging: a segment has format version ", version, ", this program knows ",
                     kOldestStagingFormatVersion, " to ", kStagingFormatVersion,
                     "; the staging is dropped and the source read again"));
  }
  if (bytes.size() != kHeaderBytes) return Damaged("has the wrong length");
  char checksum[kChecksumBytes];
  Checksum(bytes.substr(0, kChecksumAt), checksum);
  if (std::memcmp(checksum, bytes.data() + kChecksumAt, kChecksumBytes) != 0) {
    return Damaged("does not fit its checksum");
  }
  OpenedHeader opened;
  SegmentHeader& header = opened.header;
  header.epoch = LoadLittle<std::uint64_t>(bytes.data() + kEpochAt);
  header.segment = LoadLittle<std::uint64_t>(bytes.data() + kSegmentAt);
  header.first.position = LoadLittle<std::uint64_t>(bytes.data() + kFirstPositionAt);
  header.first.part = LoadLittle<std::uint32_t>(bytes.data() + kFirstPartAt);
  header.salt = bytes.substr(kSaltAt, SegmentCipher::kSaltBytes);
  absl::StatusOr<std::unique_ptr<SegmentCipher>> cipher =
      SegmentCipher::Derive(epoch_key, header.salt, header.epoch, header.segment);
  if (!cipher.ok()) return cipher.status();
  opened.cipher = std::move(*cipher);
  absl::Status fits = opened.cipher->Open(kHeaderKey, bytes.substr(0, kTagAt),
                                          bytes.substr(kTagAt, SegmentCipher::kTagBytes), nullptr);
  if (absl::IsDataLoss(fits)) {
    return absl::PermissionDeniedError(
        "staging: a segment is sealed with another key than the state gives; give the state or "
        "the key file that belongs to it, or let the source be read again");
  }
  if (!fits.ok()) return fits;
  return opened;
}

}  // namespace tributary
