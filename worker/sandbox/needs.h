// What the sandbox must leave open for an engine.
#ifndef TRIBUTARY_WORKER_SANDBOX_NEEDS_H_
#define TRIBUTARY_WORKER_SANDBOX_NEEDS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tributary {

struct SourceNeeds {
  struct Path {
    std::string path;
    bool writable = false;
  };
  // Files, each of which exists. Nothing else can be opened.
  std::vector<Path> paths = {};
  // TCP ports that the engine connects to, on any host; with none, it cannot make any socket.
  std::vector<std::uint16_t> tcp_ports = {};

  bool connects() const { return !tcp_ports.empty(); }
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_NEEDS_H_
