// What is served: metrics, probes, the status as JSON, and the page. Given a request, its
// answer; no sockets.
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

// Of a request, what matters here.
struct WebRequest {
  std::string_view method;
  // As the request has it: "/status.json?tables=1".
  std::string_view target;
  std::string_view authorization;
  std::string_view cookie;
};

struct WebAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

class Pages {
 public:
  // `token` is empty where nobody is asked for one; `version` is the program's. The board
  // outlives this.
  Pages(const StatusBoard& board, std::string token, std::string version);

  WebAnswer Answer(const WebRequest& request) const;

 private:
  WebAnswer Find(const WebRequest& request) const;
  bool MayRead(const WebRequest& request) const;
  WebAnswer LetIn(const WebRequest& request) const;
  WebAnswer Status(std::string_view query) const;

  const StatusBoard& board_;
  const Token token_;
  const std::string version_;
  // The page with its script and style, and what a browser may do with it.
  std::string page_;
  std::string page_policy_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_WEB_PAGES_H_
