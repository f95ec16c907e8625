#include "tests/process/certificates.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary::tests {
namespace {

constexpr char kNewKey[] = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

void Run(const std::string& command) {
  if (std::system(absl::StrCat("umask 077; ", command, " >/dev/null 2>&1").c_str()) == 0) return;
  std::fprintf(stderr, "make certificates: `%s` fails; it needs the package openssl\n",
               command.c_str());
  std::abort();
}

}  // namespace

Certificates::Certificates(std::string folder) : folder_(std::move(folder)) {
  Run(absl::StrCat("openssl req -x509 ", kNewKey, " -days 2 -subj /CN=authority -keyout ",
                   File("ca.key"), " -out ", ca()));
}

Certificates::Signed Certificates::Sign(const std::string& name, int days) const {
  const Signed made{File(absl::StrCat(name, days, ".crt")), File(absl::StrCat(name, days, ".key"))};
  const std::string request = File(absl::StrCat(name, days, ".csr"));
  Run(absl::StrCat("openssl req -new ", kNewKey, " -subj /CN=", name,
                   " -addext subjectAltName=DNS:", name, " -keyout ", made.key, " -out ", request));
  Run(absl::StrCat("openssl x509 -req -in ", request, " -copy_extensions copy -CA ", ca(),
                   " -CAkey ", File("ca.key"), " -CAcreateserial -days ", days, " -out ",
                   made.certificate));
  return made;
}

}  // namespace tributary::tests
