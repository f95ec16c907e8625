#include "supervisor/digests/seal.h"

namespace tributary {

absl::StatusOr<std::unique_ptr<Seal>> Seal::Make(std::string_view key) {
  auto cipher = AesGcm::Make({kDigestsOwner, "record"}, key);
  if (!cipher.ok()) return cipher.status();
  return std::unique_ptr<Seal>(new Seal(*std::move(cipher)));
}

absl::Status Seal::Close(std::string_view name, std::string_view plain, std::string& sealed) {
  const auto nonce = DrawBytes(kDigestsOwner, AesGcm::kNonceBytes);
  if (!nonce.ok()) return nonce.status();
  sealed.resize(AesGcm::kNonceBytes + plain.size() + AesGcm::kTagBytes);
  nonce->copy(sealed.data(), AesGcm::kNonceBytes);
  return cipher_.Seal(nonce->data(), name, plain, sealed.data() + AesGcm::kNonceBytes);
}

absl::StatusOr<std::string> Seal::Open(std::string_view name, std::string_view sealed) {
  if (sealed.size() < AesGcm::kNonceBytes + AesGcm::kTagBytes) {
    return absl::DataLossError("digests: a record is too short to be sealed");
  }
  std::string plain(sealed.size() - AesGcm::kNonceBytes - AesGcm::kTagBytes, '\0');
  const absl::Status status =
      cipher_.Open(sealed.data(), name, sealed.substr(AesGcm::kNonceBytes), plain.data());
  if (!status.ok()) return status;
  return plain;
}

}  // namespace tributary
