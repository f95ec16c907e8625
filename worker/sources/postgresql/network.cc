#include "worker/sources/postgresql/network.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "worker/sources/postgresql/numbers.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {
namespace {

constexpr std::uint8_t kIpv4 = 2;
constexpr std::uint8_t kIpv6 = 3;
constexpr std::size_t kIpv4Bytes = 4;
constexpr std::size_t kIpv6Bytes = 16;
constexpr std::size_t kIpv6Words = 8;

void AppendIpv4(std::string_view address, std::string& out) {
  for (std::size_t at = 0; at < kIpv4Bytes; ++at) {
    if (at > 0) out.push_back('.');
    AppendUnsigned(static_cast<unsigned char>(address[at]), out);
  }
}

// The longest run of zero words, the first of equals; of at least two.
struct ZeroRun {
  std::size_t begin = 0;
  std::size_t size = 0;
};
ZeroRun LongestZeroRun(const std::array<std::uint16_t, kIpv6Words>& words) {
  ZeroRun longest;
  for (std::size_t at = 0; at < kIpv6Words;) {
    std::size_t end = at;
    while (end < kIpv6Words && words[end] == 0) ++end;
    if (end - at > longest.size) longest = {.begin = at, .size = end - at};
    at = end + 1;
  }
  return longest.size < 2 ? ZeroRun() : longest;
}

void AppendIpv6(std::string_view address, std::string& out) {
  std::array<std::uint16_t, kIpv6Words> words;
  for (std::size_t at = 0; at < kIpv6Words; ++at) {
    words[at] = LoadBigEndian<std::uint16_t>(address.data() + 2 * at);
  }
  const ZeroRun zeros = LongestZeroRun(words);
  // An IPv4 address that is embedded is shown as one.
  const bool embedded =
      zeros.begin == 0 && (zeros.size == 6 || (zeros.size == 7 && words[7] != 1) ||
                           (zeros.size == 5 && words[5] == 0xffff));
  for (std::size_t at = 0; at < kIpv6Words; ++at) {
    if (zeros.size > 0 && at >= zeros.begin && at < zeros.begin + zeros.size) {
      if (at == zeros.begin) out.push_back(':');
      continue;
    }
    if (at > 0) out.push_back(':');
    if (embedded && at == 6) {
      AppendIpv4(address.substr(12), out);
      return;
    }
    std::array<char, 4> digits;
    char* const end =
        std::to_chars(digits.data(), digits.data() + digits.size(), words[at], 16).ptr;
    out.append(digits.data(), end);
  }
  if (zeros.size > 0 && zeros.begin + zeros.size == kIpv6Words) out.push_back(':');
}

}  // namespace

void AppendHex(std::string_view bytes, bool upper, std::string& out) {
  const char* const digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  const std::size_t before = out.size();
  out.resize(before + 2 * bytes.size());
  char* at = out.data() + before;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    *at++ = digits[byte >> 4];
    *at++ = digits[byte & 15];
  }
}

bool AppendInet(std::string_view bytes, std::string& out) {
  WireReader reader(bytes);
  const auto family = reader.Take<std::uint8_t>();
  const auto bits = reader.Take<std::uint8_t>();
  const bool cidr = reader.Take<std::uint8_t>() != 0;
  const auto size = reader.Take<std::uint8_t>();
  const std::string_view address = reader.TakeBytes(size);
  if (!reader.Ended() || size != (family == kIpv4 ? kIpv4Bytes : kIpv6Bytes) ||
      (family != kIpv4 && family != kIpv6) || bits > 8 * size) {
    return false;
  }
  if (family == kIpv4) {
    AppendIpv4(address, out);
  } else {
    AppendIpv6(address, out);
  }
  if (cidr || bits < 8 * size) {
    out.push_back('/');
    AppendUnsigned(bits, out);
  }
  return true;
}

bool AppendMacaddr(std::string_view bytes, std::string& out) {
  if (bytes.size() != 6 && bytes.size() != 8) return false;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at > 0) out.push_back(':');
    AppendHex(bytes.substr(at, 1), /*upper=*/false, out);
  }
  return true;
}

bool AppendUuid(std::string_view bytes, std::string& out) {
  if (bytes.size() != 16) return false;
  std::size_t at = 0;
  for (const std::size_t size : {4U, 2U, 2U, 2U, 6U}) {
    if (at > 0) out.push_back('-');
    AppendHex(bytes.substr(at, size), /*upper=*/false, out);
    at += size;
  }
  return true;
}

}  // namespace tributary::postgresql
