#include "worker/network/forbidden_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace tributary {
namespace {

using Address4 = std::array<std::uint8_t, 4>;
using Address6 = std::array<std::uint8_t, 16>;

// Metadata services that are not link-local: Alibaba's, Azure's, Oracle's.
constexpr std::array<Address4, 3> kServices4 = {
    Address4{100, 100, 100, 200}, Address4{168, 63, 129, 16}, Address4{192, 0, 0, 192}};
// fd00:ec2::254, Amazon's.
constexpr Address6 kService6 = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
// What precedes an IPv4 address: ::ffff:0:0/96, ::/96, and NAT64's 64:ff9b::/96.
constexpr std::array<std::array<std::uint8_t, 12>, 3> kPrefixesOf4 = {
    std::array<std::uint8_t, 12>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
    std::array<std::uint8_t, 12>{}, std::array<std::uint8_t, 12>{0, 0x64, 0xff, 0x9b}};

bool IsForbidden4(const Address4& address) {
  const bool link_local = address[0] == 169 && address[1] == 254;
  return link_local || std::find(kServices4.begin(), kServices4.end(), address) != kServices4.end();
}

}  // namespace

bool IsForbiddenAddress(const std::string& digits) {
  Address4 four{};
  if (::inet_pton(AF_INET, digits.c_str(), four.data()) == 1) return IsForbidden4(four);
  Address6 six{};
  // After a %: the interface of a link-local address.
  const std::string without_zone = digits.substr(0, digits.find('%'));
  if (::inet_pton(AF_INET6, without_zone.c_str(), six.data()) != 1) return true;
  std::copy(six.begin() + 12, six.end(), four.begin());
  const bool holds4 = std::any_of(
      kPrefixesOf4.begin(), kPrefixesOf4.end(),
      [&six](const auto& prefix) { return std::equal(prefix.begin(), prefix.end(), six.begin()); });
  const bool link_local = six[0] == 0xfe && (six[1] & 0xc0) == 0x80;
  return link_local || six == kService6 || (holds4 && IsForbidden4(four));
}

}  // namespace tributary
