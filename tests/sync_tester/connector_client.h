// The calls that Fivetran makes, as functions, and the sync's stream as raw messages. One thread.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_CONNECTOR_CLIENT_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_CONNECTOR_CLIENT_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/connector_sdk.grpc.pb.h"

namespace tributary::tester {

struct TlsFiles {
  // PEM. With an authority and no certificate, only the server proves its identity.
  std::string authority;
  std::string certificate;
  std::string key;

  bool any() const { return !authority.empty() || !certificate.empty() || !key.empty(); }
};

// Messages of any size are accepted, so that one that is too large is reported.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& address,
                                                           const TlsFiles& tls);

// The sync's stream. The destructor cancels it and waits for its end.
class UpdateStream {
 public:
  UpdateStream(const std::shared_ptr<grpc::Channel>& channel,
               const fivetran_sdk::v2::UpdateRequest& request, std::optional<absl::Time> deadline);
  ~UpdateStream();
  UpdateStream(const UpdateStream&) = delete;
  UpdateStream& operator=(const UpdateStream&) = delete;

  enum class Event { kMessage, kEnd, kNothingYet };

  // Waits at most `wait` for the next message. After kMessage, `message` holds it; after kEnd, only
  // Finish may be called.
  Event Read(grpc::ByteBuffer& message, absl::Duration wait);

  // Asks for an end; messages that were already sent may still arrive.
  void Cancel() { call_context_.TryCancel(); }

  // How the call ended. Reads to the end, and drops the messages.
  grpc::Status Finish();

 private:
  void AwaitTag(void* wanted);

  grpc::ClientContext call_context_;
  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  grpc::ByteBuffer incoming_;
  bool reading_ = false;
  bool ended_ = false;
  bool finished_ = false;
  grpc::Status status_;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_CONNECTOR_CLIENT_H_
