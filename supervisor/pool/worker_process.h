// One worker as the supervisor sees it: a process, a control channel and a ring.
//
// Used by the thread that started it, which outlives it: the kernel ends a worker
// when the thread that started it ends.
#ifndef TRIBUTARY_SUPERVISOR_POOL_WORKER_PROCESS_H_
#define TRIBUTARY_SUPERVISOR_POOL_WORKER_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/control_channel.h"
#include "proto/worker.pb.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/pool/ring_consumer.h"

namespace tributary {

class WorkerProcess {
 public:
  // Starts this executable in its worker role and sends it `opening`. `data_ready` is the eventfd
  // that it rings when it has published a frame. RESOURCE_EXHAUSTED: no memory, descriptors or
  // processes left.
  static absl::StatusOr<std::unique_ptr<WorkerProcess>> Start(int data_ready,
                                                              const Opening& opening,
                                                              Metrics& metrics);

  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  // Kills and reaps it.
  ~WorkerProcess();

  // Kills and reaps it; how it had ended, for people: "killed by signal 9". `why` is
  // what counts; without it, how it had ended is.
  std::string End(std::optional<WorkerEnd> why = std::nullopt);

  // UNAVAILABLE: it is gone.
  absl::Status Send(const Assignment& assignment);

  bool alive() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  ControlChannel& channel() { return channel_; }
  RingConsumer& ring() { return *ring_; }

 private:
  WorkerProcess(pid_t pid, ControlChannel channel, std::shared_ptr<RingConsumer> ring,
                Metrics& metrics)
      : pid_(pid), channel_(std::move(channel)), ring_(std::move(ring)), metrics_(metrics) {
    metrics_.WorkerStarted();
  }

  pid_t pid_;
  ControlChannel channel_;
  std::shared_ptr<RingConsumer> ring_;
  Metrics& metrics_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_WORKER_PROCESS_H_
