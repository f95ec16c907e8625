// The port: takes connections and gives them to gRPC, limits::kMaxClientConnections at a
// time. A client for whom there is no room waits in the kernel's queue.
//
// gRPC does not say when a connection has ended. So a copy of its descriptor is kept, which
// shows a hang-up once both sides have ended it, and gRPC shuts each socket down before it
// closes it.
//
// gRPC's own listener takes none any more, for good, once a descriptor for one was
// lacking. This one leaves such a client waiting and takes it when there is room.
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
  // Once its server has started.
  void Start(std::unique_ptr<Acceptor> acceptor);
  // Takes no connection any more.
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
