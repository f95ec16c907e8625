// Certificates for tests, as PEM: one key each, signed by itself.
#ifndef TRIBUTARY_TESTS_OPERATOR_CERTIFICATES_H_
#define TRIBUTARY_TESTS_OPERATOR_CERTIFICATES_H_

#include <string>

namespace tributary::tests {

struct KeyPair {
  // Of "localhost", server and client, and its own authority.
  std::string certificate;
  std::string key;
  // The key with a passphrase.
  std::string encrypted_key;
};

// Valid from now for so many days; with a number under 0 it has expired.
KeyPair MakeKeyPair(int days = 1);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_OPERATOR_CERTIFICATES_H_
