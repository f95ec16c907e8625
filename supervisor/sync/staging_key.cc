#include "supervisor/sync/staging_key.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "supervisor/checkpoint/state.h"

namespace tributary {

absl::StatusOr<std::string> ReadStagingKeyFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // Room for the digits, a line end, and one byte too many.
  std::array<char, 2 * kStagingKeyBytes + 2> buffer;
  file.read(buffer.data(), buffer.size());
  const absl::string_view bytes(buffer.data(), static_cast<std::size_t>(file.gcount()));
  if (bytes.size() == kStagingKeyBytes) return std::string(bytes);
  const absl::string_view digits = absl::StripAsciiWhitespace(bytes);
  if (digits.size() == 2 * kStagingKeyBytes &&
      std::all_of(digits.begin(), digits.end(),
                  [](unsigned char digit) { return std::isxdigit(digit) != 0; })) {
    return absl::HexStringToBytes(digits);
  }
  return absl::FailedPreconditionError(
      absl::StrCat("read --staging-key-file ", path, ": it has to hold ", kStagingKeyBytes,
                   " bytes, or as many in hexadecimal digits, and be readable; make one with "
                   "`openssl rand -out FILE 32` and let tributary's user read it"));
}

}  // namespace tributary
