#include "tests/metrics/scrape.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tributary::tests {

FileDescriptor ConnectTo(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (!host.empty() && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) {
    return FileDescriptor();
  }
  FileDescriptor connection(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool connected = connect(connection.get(), found->ai_addr, found->ai_addrlen) == 0;
  freeaddrinfo(found);
  return connected ? std::move(connection) : FileDescriptor();
}

HttpAnswer Ask(const std::string& address, const std::string& request, std::chrono::seconds limit) {
  const FileDescriptor connection = ConnectTo(address);
  if (!connection.valid()) return {};
  // The server may answer and close before it has received everything.
  [[maybe_unused]] const auto sent =
      send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL);
  const auto until = std::chrono::steady_clock::now() + limit;
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd wait{connection.get(), POLLIN, 0};
    if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) <= 0) return {};
    const ssize_t count = recv(connection.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  HttpAnswer answer;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos || !absl::StartsWith(text, "HTTP/1.1 ")) return {};
  answer.head = text.substr(0, end);
  answer.body = text.substr(end + 4);
  answer.status = std::atoi(text.c_str() + 9);
  return answer;
}

HttpAnswer Get(const std::string& address, const std::string& target) {
  return Ask(address, absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: ", address,
                                   "\r\nConnection: close\r\n\r\n"));
}

Samples::Samples(const std::string& exposition) {
  for (const absl::string_view line : absl::StrSplit(exposition, '\n', absl::SkipEmpty())) {
    const std::size_t space = line.rfind(' ');
    double value = 0;
    if (line.front() == '#' || space == absl::string_view::npos ||
        !absl::SimpleAtod(line.substr(space + 1), &value)) {
      continue;
    }
    values_[std::string(line.substr(0, space))] = value;
  }
}

double Samples::operator[](const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? -1 : found->second;
}

double Samples::Sum(const std::string& metric) const {
  double sum = 0;
  for (const auto& [name, value] : values_) {
    if (name == metric || absl::StartsWith(name, metric + "{")) sum += value;
  }
  return sum;
}

bool Samples::AnyHolds(const std::string& part) const {
  for (const auto& [name, value] : values_) {
    if (absl::StrContains(name, part)) return true;
  }
  return false;
}

}  // namespace tributary::tests
