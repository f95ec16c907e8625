// A certificate authority for a test, and the certificates that it signs; made with the program
// openssl.
#ifndef TRIBUTARY_TESTS_PROCESS_CERTIFICATES_H_
#define TRIBUTARY_TESTS_PROCESS_CERTIFICATES_H_

#include <string>

namespace tributary::tests {

class Certificates {
 public:
  // Makes its files in `folder`, all in PEM; keys are readable by their owner only. Ends the test
  // if they cannot be made.
  explicit Certificates(std::string folder);

  // The authority's own certificate.
  std::string ca() const { return File("ca.crt"); }

  struct Signed {
    std::string certificate;
    std::string key;
  };
  // For a server with this name, or for a client with this user name. If `days` is negative, it
  // expired that long ago.
  Signed Sign(const std::string& name, int days = 1) const;

 private:
  std::string File(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_CERTIFICATES_H_
