// Addresses that a user's configuration must not lead the connector to.
#ifndef TRIBUTARY_WORKER_NETWORK_FORBIDDEN_ADDRESS_H_
#define TRIBUTARY_WORKER_NETWORK_FORBIDDEN_ADDRESS_H_

#include <string>

namespace tributary {

// Whether a numeric address is link-local (169.254.0.0/16, fe80::/10) or the address of a cloud's
// metadata service, which gives the machine's credentials to every program on it; also if an IPv6
// address contains such an IPv4 address. A text that is not an address is forbidden.
bool IsForbiddenAddress(const std::string& digits);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_NETWORK_FORBIDDEN_ADDRESS_H_
