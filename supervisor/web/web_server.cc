#include "supervisor/web/web_server.h"

#include <fcntl.h>
#include <pthread.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::chrono::milliseconds kAcceptAgainAfter(200);
constexpr char kLoopback[] = "127.0.0.1";

using Response = http::response<http::string_body>;

// The request is not HTTP, or too large. Otherwise the client is gone or silent.
bool IsMalformed(const beast::error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

bool IsLoopback(const tcp::socket& socket) {
  beast::error_code ignored;
  return socket.local_endpoint(ignored).address().is_loopback();
}

// One request and its answer, after which the connection is closed: a scrape or a request of the
// page comes only every few seconds.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(tcp::socket socket, const Pages& pages, std::function<void()> ended)
      : stream_(std::move(socket)), pages_(pages), ended_(std::move(ended)) {
    parser_.header_limit(limits::kMetricsRequestBytes);
  }
  ~Exchange() { ended_(); }

  void Run() {
    stream_.expires_after(limits::kMetricsPatience);
    http::async_read(
        stream_, buffer_, parser_,
        [self = shared_from_this()](beast::error_code error, std::size_t) { self->Write(error); });
  }

 private:
  void Write(beast::error_code error) {
    if (!error) {
      Answer();
    } else if (IsMalformed(error)) {
      Answer({.status = 400,
              .fields = {{"Content-Type", "text/plain; charset=utf-8"}},
              .body = "This request cannot be answered.\n"});
    } else {
      return;
    }
    response_.keep_alive(false);
    response_.prepare_payload();
    stream_.expires_after(limits::kMetricsPatience);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code failure, std::size_t) {
                        beast::error_code ignored;
                        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                        if (!failure) self->AwaitClose();
                      });
  }

  // Closing with unread bytes would destroy the answer to a client that has sent too much. Limited
  // by the same patience as the answer.
  void AwaitClose() {
    stream_.async_read_some(asio::buffer(rest_),
                            [self = shared_from_this()](beast::error_code error, std::size_t) {
                              if (!error) self->AwaitClose();
                            });
  }

  void Answer() {
    const auto& request = parser_.get();
    const auto field = [&request](http::field name) { return View(request[name]); };
    Answer(pages_.Answer({.method = View(request.method_string()),
                          .target = View(request.target()),
                          .host = field(http::field::host),
                          .authorization = field(http::field::authorization),
                          .cookie = field(http::field::cookie),
                          .loopback = IsLoopback(stream_.socket())}));
  }

  void Answer(WebAnswer answer) {
    response_ = Response(static_cast<http::status>(answer.status), 11);
    for (const auto& [name, value] : answer.fields) response_.set(name, value);
    response_.body() = std::move(answer.body);
  }

  beast::tcp_stream stream_;
  const Pages& pages_;
  std::function<void()> ended_;
  beast::flat_buffer buffer_{limits::kMetricsRequestBytes};
  http::request_parser<http::empty_body> parser_;
  Response response_;
  std::array<char, 1024> rest_;
};

absl::Status BadAddress(const std::string& address) {
  return absl::InvalidArgumentError(
      absl::StrCat("serve metrics: \"", address,
                   "\" is not HOST:PORT or PORT; give --metrics-address as in 127.0.0.1:9464"));
}

// The endpoints of `address`, the preferred one first.
absl::StatusOr<std::vector<tcp::endpoint>> Endpoints(const std::string& address,
                                                     asio::io_context& io) {
  const std::size_t colon = address.rfind(':');
  const bool port_only = colon == std::string::npos;
  std::string host = port_only ? kLoopback : address.substr(0, colon);
  std::uint32_t number = 0;
  if (!absl::SimpleAtoi(port_only ? address : address.substr(colon + 1), &number) ||
      number > 65535) {
    return BadAddress(address);
  }
  const auto port = static_cast<std::uint16_t>(number);
  // The first also accepts IPv4, if the machine has IPv6.
  if (host.empty()) return std::vector{tcp::endpoint(tcp::v6(), port), {tcp::v4(), port}};
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return BadAddress(address);
  }
  beast::error_code error;
  tcp::resolver resolver(io);
  std::vector<tcp::endpoint> endpoints;
  for (const auto& found : resolver.resolve(host, "", tcp::resolver::passive, error)) {
    endpoints.emplace_back(found.endpoint().address(), port);
  }
  if (error || endpoints.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("serve metrics: there is no host ", host, ": ", error.message(),
                     "; give --metrics-address an address of this machine"));
  }
  return endpoints;
}

// Asio does not set this when it makes a socket. A worker that is started in between closes all
// descriptors that it was not given.
void KeepFromWorkers(int fd) { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

beast::error_code Listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  beast::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) KeepFromWorkers(acceptor.native_handle());
  // Connections of an earlier process may still exist; a second listener is still refused.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  const bool all_addresses = endpoint.address() == asio::ip::address_v6::any();
  if (!error && all_addresses) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    beast::error_code ignored;
    acceptor.close(ignored);
  }
  return error;
}

}  // namespace

class WebServer::Listener {
 public:
  explicit Listener(const Pages& pages) : pages_(pages) {}
  ~Listener() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    closing_ = true;
  }

  absl::Status Start(const std::string& address) {
    const auto endpoints = Endpoints(address, io_);
    if (!endpoints.ok()) return endpoints.status();
    beast::error_code error;
    for (const tcp::endpoint& endpoint : *endpoints) {
      error = Listen(acceptor_, endpoint);
      // The name's next address is tried only if the machine does not have this one.
      if (error != asio::error::address_family_not_supported &&
          error != beast::error_code(EADDRNOTAVAIL, boost::system::system_category())) {
        break;
      }
    }
    if (error) {
      return absl::FailedPreconditionError(absl::StrCat("serve metrics: cannot listen on ", address,
                                                        ": ", error.message(),
                                                        "; choose another --metrics-address"));
    }
    Accept();
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "web");
      io_.run();
    });
    return absl::OkStatus();
  }

  std::string address() const {
    const tcp::endpoint endpoint = acceptor_.local_endpoint();
    const std::string host = endpoint.address().to_string();
    return endpoint.address().is_v6() ? absl::StrCat("[", host, "]:", endpoint.port())
                                      : absl::StrCat(host, ":", endpoint.port());
  }

  bool loopback() const { return acceptor_.local_endpoint().address().is_loopback(); }

 private:
  void Accept() {
    accepting_ = true;
    acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
      accepting_ = false;
      if (error) return AcceptLater();
      ++open_;
      KeepFromWorkers(socket.native_handle());
      std::make_shared<Exchange>(std::move(socket), pages_, [this] { ExchangeEnded(); })->Run();
      // Others wait in the kernel's queue until one of these has ended.
      if (open_ < limits::kMetricsConnections) Accept();
    });
  }

  void ExchangeEnded() {
    --open_;
    if (!accepting_ && !closing_) Accept();
  }

  // Perhaps no descriptor is free; the connection is still in the queue.
  void AcceptLater() {
    accepting_ = true;
    again_.expires_after(kAcceptAgainAfter);
    again_.async_wait([this](beast::error_code) { Accept(); });
  }

  const Pages& pages_;
  std::size_t open_ = 0;
  // An accept is under way, or the wait before the next one.
  bool accepting_ = false;
  bool closing_ = false;
  // Destroyed before the members above: the exchanges that it still holds end with it.
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer again_{io_};
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<WebServer>> WebServer::Start(const std::string& address,
                                                            const Pages& pages) {
  auto listener = std::make_unique<Listener>(pages);
  const absl::Status started = listener->Start(address);
  if (!started.ok()) return started;
  return std::unique_ptr<WebServer>(new WebServer(std::move(listener)));
}

WebServer::WebServer(std::unique_ptr<Listener> listener)
    : listener_(std::move(listener)),
      address_(listener_->address()),
      loopback_(listener_->loopback()) {}

WebServer::~WebServer() = default;

}  // namespace tributary
