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

class WorkerProcess final : public Worker {
 public:
  // Starts this executable in its worker role and sends it `opening`; errors as StartWorker. The
  // bell `data_ready` outlives the worker.
  static absl::StatusOr<std::unique_ptr<WorkerProcess>> Start(int data_ready,
                                                              const Opening& opening,
                                                              Metrics& metrics);

  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  // Kills and reaps it.
  ~WorkerProcess() override;

  std::string End(std::optional<WorkerEnd> why = std::nullopt) override;
  bool alive() const override { return pid_ > 0; }
  absl::Status Send(const Assignment& assignment) override;
  absl::Status Steer(const FollowOrder& order) override;
  absl::Status Look() override;
  void Wait(std::chrono::milliseconds timeout) override;
  pollfd Awaited() const override;
  RingConsumer& ring() override { return *ring_; }

  pid_t pid() const override { return pid_; }
  std::uint64_t memory_bytes() const override;

 private:
  WorkerProcess(pid_t pid, ControlChannel channel, std::shared_ptr<RingConsumer> ring,
                int data_ready, Metrics& metrics)
      : pid_(pid),
        channel_(std::move(channel)),
        ring_(std::move(ring)),
        data_ready_(data_ready),
        metrics_(metrics) {
    metrics_.WorkerStarted();
  }

  pid_t pid_;
  ControlChannel channel_;
  std::shared_ptr<RingConsumer> ring_;
  int data_ready_;
  Metrics& metrics_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_WORKER_PROCESS_H_
