// Certificates for tests, as PEM: each has its own key and is signed with it.
#ifndef TRIBUTARY_TESTS_OPERATOR_CERTIFICATES_H_
#define TRIBUTARY_TESTS_OPERATOR_CERTIFICATES_H_

#include <string>

namespace tributary::tests {

struct KeyPair {
  // For "localhost", for server and client; it is also its own authority.
  std::string certificate;
  std::string key;
  // The key, encrypted with a passphrase.
  std::string encrypted_key;
};

// Valid from now for this many days; if `days` is negative, it has expired.
KeyPair MakeKeyPair(int days = 1);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_OPERATOR_CERTIFICATES_H_
