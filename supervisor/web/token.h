// The token of --web-token-file, and who has it.
//
// A program sends it with each request, as `Authorization: Bearer TOKEN`. A browser brings
// it once, as /?token=TOKEN, and gets a cookie for it, which is a digest of the token and
// not the token. Both are compared with it in constant time.
#ifndef TRIBUTARY_SUPERVISOR_WEB_TOKEN_H_
#define TRIBUTARY_SUPERVISOR_WEB_TOKEN_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tributary {

// limits::kLeastWebTokenBytes to kMaxWebTokenBytes of letters, digits and -._~+/=, and white
// space around them, which does not count. FAILED_PRECONDITION names the flag, the file and
// what to do.
absl::StatusOr<std::string> ReadWebTokenFile(const std::string& path);

class Token {
 public:
  // Empty: no token is needed.
  explicit Token(std::string token) : token_(std::move(token)) {}

  bool asked() const { return !token_.empty(); }
  // The client's values; empty if it gave none.
  bool IsToken(std::string_view given) const;
  // The field Authorization.
  bool IsAuthorization(std::string_view field) const;
  // The field Cookie.
  bool IsInCookie(std::string_view field) const;
  // The Set-Cookie value for a browser that gave the token.
  std::string CookieToSet() const;

 private:
  std::string CookieValue() const;

  std::string token_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_WEB_TOKEN_H_
