// AES-256-GCM for records that are written whole and once: each has a random nonce, and a record
// opens only under the name that it was sealed for.
//
// One thread at a time.
#ifndef TRIBUTARY_SUPERVISOR_DIGESTS_SEAL_H_
#define TRIBUTARY_SUPERVISOR_DIGESTS_SEAL_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "supervisor/staging/aes_gcm.h"

namespace tributary {

// In the texts of errors.
inline constexpr char kDigestsOwner[] = "digests";

class Seal {
 public:
  // `key`: AesGcm::kKeyBytes. INTERNAL: OpenSSL refuses.
  static absl::StatusOr<std::unique_ptr<Seal>> Make(std::string_view key);

  // Replaces what `sealed` has. INTERNAL: OpenSSL refuses.
  absl::Status Close(std::string_view name, std::string_view plain, std::string& sealed);
  // DATA_LOSS: they are not the bytes that were sealed under this name and key.
  absl::StatusOr<std::string> Open(std::string_view name, std::string_view sealed);

 private:
  explicit Seal(AesGcm cipher) : cipher_(std::move(cipher)) {}

  AesGcm cipher_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_SEAL_H_
