// Serves the pages over HTTP.
//
// Runs on one thread, which never blocks on a client: a client that sends or reads nothing is
// dropped after limits::kMetricsPatience, and others get their answers meanwhile.
#ifndef TRIBUTARY_SUPERVISOR_WEB_WEB_SERVER_H_
#define TRIBUTARY_SUPERVISOR_WEB_WEB_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "supervisor/web/pages.h"

namespace tributary {

class WebServer {
 public:
  // Listens at `address`, which is HOST:PORT: a name, an IPv4 address, an IPv6
  // address in brackets, or nothing for all addresses of the machine; or PORT alone, for
  // 127.0.0.1. Port 0 takes one that is free. `pages` outlives the server.
  //
  // INVALID_ARGUMENT: no such form. FAILED_PRECONDITION: not an address of this
  // machine, or taken.
  static absl::StatusOr<std::unique_ptr<WebServer>> Start(const std::string& address,
                                                          const Pages& pages);
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;
  // Drops the requests under way.
  ~WebServer();

  // The numeric address where it listens: "127.0.0.1:9464".
  const std::string& address() const { return address_; }
  // Whether only this machine can connect.
  bool loopback() const { return loopback_; }

 private:
  class Listener;
  explicit WebServer(std::unique_ptr<Listener> listener);

  std::unique_ptr<Listener> listener_;
  std::string address_;
  bool loopback_ = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_WEB_WEB_SERVER_H_
