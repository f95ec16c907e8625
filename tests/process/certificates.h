// A certificate authority of a test's own, and what it signs, by the openssl program.
#ifndef TRIBUTARY_TESTS_PROCESS_CERTIFICATES_H_
#define TRIBUTARY_TESTS_PROCESS_CERTIFICATES_H_

#include <string>

namespace tributary::tests {

class Certificates {
 public:
  // Its files are made in `folder`, PEM all of them; keys are readable by their owner
  // only. The test ends where they cannot be made.
  explicit Certificates(std::string folder);

  // The authority's own certificate.
  std::string ca() const { return File("ca.crt"); }

  struct Signed {
    std::string certificate;
    std::string key;
  };
  // For a server of that name, or a client whose user it is. A negative number of days:
  // it expired that long ago.
  Signed Sign(const std::string& name, int days = 1) const;

 private:
  std::string File(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_CERTIFICATES_H_
