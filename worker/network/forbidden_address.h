// Addresses that a user's configuration must not lead the connector to.
#ifndef TRIBUTARY_WORKER_NETWORK_FORBIDDEN_ADDRESS_H_
#define TRIBUTARY_WORKER_NETWORK_FORBIDDEN_ADDRESS_H_

#include <string>

namespace tributary {

// Whether an address, in digits, is link-local (169.254.0.0/16, fe80::/10) or one at which a
// cloud's metadata service answers, which gives the machine's credentials to whoever asks
// from it: also where it is written as an IPv6 address that holds an IPv4 one. What is no
// address is forbidden.
bool IsForbiddenAddress(const std::string& digits);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_NETWORK_FORBIDDEN_ADDRESS_H_
