// The baseline of the synthetic case: a gRPC server that streams the bytes that
// the synthetic source's sync has, made beforehand, and does nothing else. Same
// API and one write at a time, as in the connector.
//
//   bench_bare_server         prints its port, as the connector does; ends on SIGTERM
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_callback.h>
#include <signal.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "common/limits.h"
#include "proto/connector_sdk.grpc.pb.h"
#include "tests/bench/memory_ring.h"
#include "tests/bench/synthetic_rows.h"

namespace tributary::bench {
namespace {

// So many different batches, as the synthetic source has different rows.
constexpr std::uint64_t kDifferentRows = 16'400;

std::vector<grpc::Slice> MakeBatches() {
  const SyntheticRows rows;
  MemoryRing ring;
  std::vector<grpc::Slice> batches;
  const TableShape shape(kSyntheticSchema, SyntheticTable(0), SyntheticColumns());
  BatchWriter writer(ring.producer(), 1);
  for (std::uint64_t row = 0; row < kDifferentRows; ++row) {
    rows.Write(row, shape, writer);
    while (const auto frame = ring.Take()) {
      batches.emplace_back(frame->payload.data(), frame->payload.size());
    }
  }
  return batches;
}

class Stream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit Stream(const std::vector<grpc::Slice>& batches) : batches_(batches) { Next(); }

  void OnWriteDone(bool ok) override {
    if (ok) {
      Next();
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (rows_sent_ == kSyntheticTables * kSyntheticRowsInTable) {
      Finish(grpc::Status::OK);
      return;
    }
    rows_sent_ += limits::kMaxRecordsInBatch;
    writing_ = grpc::ByteBuffer(&batches_[next_], 1);
    next_ = (next_ + 1) % batches_.size();
    StartWrite(&writing_);
  }

  const std::vector<grpc::Slice>& batches_;
  std::size_t next_ = 0;
  std::uint64_t rows_sent_ = 0;
  grpc::ByteBuffer writing_;
};

class BareService final : public fivetran_sdk::v2::SourceConnector::WithRawCallbackMethod_Update<
                              fivetran_sdk::v2::SourceConnector::Service> {
 public:
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Update(grpc::CallbackServerContext*,
                                                     const grpc::ByteBuffer*) override {
    return new Stream(batches_);
  }

 private:
  const std::vector<grpc::Slice> batches_ = MakeBatches();
};

int Serve() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  BareService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("[::]:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::printf("{\"message\":\"serving\",\"port\":\"%d\"}\n", port);
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main() { return tributary::bench::Serve(); }
