#include "supervisor/sync/staging_key.h"

#include <algorithm>
#include <cctype>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "supervisor/checkpoint/state.h"

namespace tributary {

absl::StatusOr<std::string> ReadStagingKeyFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(2 * kStagingKeyBytes + 2, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (bytes.size() == kStagingKeyBytes) return bytes;
  const std::string digits(absl::StripAsciiWhitespace(bytes));
  if (digits.size() == 2 * kStagingKeyBytes &&
      std::all_of(digits.begin(), digits.end(),
                  [](unsigned char digit) { return std::isxdigit(digit) != 0; })) {
    return absl::HexStringToBytes(digits);
  }
  return absl::FailedPreconditionError(
      absl::StrCat("read --staging-key-file ", path, ": it has to hold ", kStagingKeyBytes,
                   " bytes, or as many in hexadecimal digits, and be readable"));
}

}  // namespace tributary
