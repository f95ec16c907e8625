// Answers requests for metrics, probes, the status as JSON, and the page; no sockets.
//
// Any thread.
#ifndef TRIBUTARY_SUPERVISOR_WEB_PAGES_H_
#define TRIBUTARY_SUPERVISOR_WEB_PAGES_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "supervisor/status/board.h"
#include "supervisor/web/token.h"

namespace tributary {

// The relevant parts of a request.
struct WebRequest {
  std::string_view method;
  // As in the request: "/status.json?tables=1".
  std::string_view target;
  std::string_view host;
  std::string_view authorization;
  std::string_view cookie;
  // It came through the machine's loopback interface.
  bool loopback = false;
};

struct WebAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

class Pages {
 public:
  // `token` is empty if none is needed; `version` is the program's. The board outlives this.
  Pages(const StatusBoard& board, std::string token, std::string version);

  WebAnswer Answer(const WebRequest& request) const;

 private:
  WebAnswer Find(const WebRequest& request) const;
  bool MayRead(const WebRequest& request) const;
  bool IsRebound(const WebRequest& request) const;
  WebAnswer LetIn(const WebRequest& request) const;
  WebAnswer Status(std::string_view query) const;

  const StatusBoard& board_;
  const Token token_;
  const std::string version_;
  // The page with its script and style, and the policy for the browser.
  std::string page_;
  std::string page_policy_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_WEB_PAGES_H_
