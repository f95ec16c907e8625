// What the sandbox leaves open: an engine says it, the sandbox does it.
#ifndef TRIBUTARY_WORKER_SANDBOX_NEEDS_H_
#define TRIBUTARY_WORKER_SANDBOX_NEEDS_H_

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
  // Whether the engine connects to a server over a socket.
  bool connects = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_NEEDS_H_
