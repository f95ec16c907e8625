// Addresses as the server prints them. Pure functions; each appends to `out`, and is
// false where the bytes are malformed.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NETWORK_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NETWORK_H_

#include <string>
#include <string_view>

namespace tributary::postgresql {

// inet_send and cidr_send: a byte each of the family (2: IPv4, 3: IPv6), the netmask's
// bits, whether it is a cidr, the address's size; then the address. A cidr always shows
// its netmask, an inet where it does not cover the whole address.
bool AppendInet(std::string_view bytes, std::string& out);
// macaddr_send (6 bytes) and macaddr8_send (8).
bool AppendMacaddr(std::string_view bytes, std::string& out);
// uuid_send: 16 bytes.
bool AppendUuid(std::string_view bytes, std::string& out);

// Two digits a byte, lower case or upper case.
void AppendHex(std::string_view bytes, bool upper, std::string& out);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_NETWORK_H_
