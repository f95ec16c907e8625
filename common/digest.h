// Short identifiers for values that are only compared: a prefix of SHA-256, in lower-case
// hexadecimal digits.
#ifndef TRIBUTARY_COMMON_DIGEST_H_
#define TRIBUTARY_COMMON_DIGEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tributary {

// Hashes a sequence of parts; different sequences never hash the same bytes. A value; not
// thread-safe. A worker may use it in its sandbox: it opens no file.
class Digest {
 public:
  Digest& Text(std::string_view text);
  Digest& Number(std::uint64_t number);

  // The first `digits` of the SHA-256 of all parts so far; at most 64.
  std::string Hex(std::size_t digits) const;

 private:
  std::string bytes_;
};

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_DIGEST_H_
