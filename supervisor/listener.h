// The port: accepts connections and passes them to gRPC, limits::kMaxClientConnections at a time.
// Further clients wait in the kernel's queue.
//
// gRPC does not report the end of a connection. So a copy of its descriptor is kept, which shows a
// hang-up once both sides have ended it; gRPC shuts each socket down before it closes it.
//
// gRPC's own listener stops accepting for ever once no descriptor was free. This one lets the
// client wait and accepts it when there is room.
#ifndef TRIBUTARY_SUPERVISOR_LISTENER_H_
#define TRIBUTARY_SUPERVISOR_LISTENER_H_

#include <grpcpp/server_builder.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "common/file_descriptor.h"
#include "common/limits.h"
#include "common/log.h"

namespace tributary {

class Listener {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  // On IPv4 and IPv6; 0 chooses a free port. Bytes that a client's host has not
  // acknowledged for `unacknowledged` end its connection. FAILED_PRECONDITION: the
  // port is taken.
  static absl::StatusOr<std::unique_ptr<Listener>> Listen(std::uint16_t port,
                                                          std::chrono::milliseconds unacknowledged,
                                                          const Logger& log);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { Stop(); }

  std::uint16_t port() const { return port_; }
  // Called after its server has started.
  void Start(std::unique_ptr<Acceptor> acceptor);
  // Accepts no more connections.
  void Stop();

 private:
  Listener(FileDescriptor socket, FileDescriptor stop, std::chrono::milliseconds unacknowledged,
           Logger log);
  void Run();
  void Take();
  bool full() const { return open_.size() >= limits::kMaxClientConnections; }

  FileDescriptor socket_;
  FileDescriptor stop_;
  std::chrono::milliseconds unacknowledged_;
  const Logger log_;
  std::uint16_t port_ = 0;
  bool out_of_room_ = false;
  // Copies of the descriptors of connections that have not ended.
  std::vector<FileDescriptor> open_;
  bool told_full_ = false;
  std::unique_ptr<Acceptor> acceptor_;
  std::thread thread_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_LISTENER_H_
