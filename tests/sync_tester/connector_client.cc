#include "tests/sync_tester/connector_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/sync_tester/state_file.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

constexpr char kUpdateMethod[] = "/fivetran_sdk.v2.SourceConnector/Update";

// Tags of the completion queue's events.
char start_tag;
char write_tag;
char read_tag;
char finish_tag;

absl::Status ReadPem(const std::string& path, std::string& pem) {
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (!text.ok()) return text.status();
  pem = *std::move(text);
  return absl::OkStatus();
}

grpc::ByteBuffer Serialized(const v2::UpdateRequest& request) {
  const grpc::Slice slice(request.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& address,
                                                           const TlsFiles& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // Two runs in one process are two clients, also for the connector.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (!tls.any()) {
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }
  grpc::SslCredentialsOptions options;
  if (absl::Status read = ReadPem(tls.authority, options.pem_root_certs); !read.ok()) return read;
  if (absl::Status read = ReadPem(tls.certificate, options.pem_cert_chain); !read.ok()) return read;
  if (absl::Status read = ReadPem(tls.key, options.pem_private_key); !read.ok()) return read;
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
}

UpdateStream::UpdateStream(const std::shared_ptr<grpc::Channel>& channel,
                           const v2::UpdateRequest& request, std::optional<absl::Time> deadline)
    : stub_(channel) {
  if (deadline) call_context_.set_deadline(absl::ToChronoTime(*deadline));
  call_ = stub_.PrepareCall(&call_context_, kUpdateMethod, &queue_);
  call_->StartCall(&start_tag);
  AwaitTag(&start_tag);
  if (ended_) return;
  call_->WriteLast(Serialized(request), grpc::WriteOptions(), &write_tag);
  AwaitTag(&write_tag);
}

UpdateStream::~UpdateStream() {
  if (!finished_) {
    Cancel();
    Finish();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

void UpdateStream::AwaitTag(void* wanted) {
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
    if (tag != wanted) continue;
    if (!ok) ended_ = true;
    return;
  }
}

UpdateStream::Event UpdateStream::Read(grpc::ByteBuffer& message, absl::Duration wait) {
  if (ended_) return Event::kEnd;
  if (!reading_) {
    call_->Read(&incoming_, &read_tag);
    reading_ = true;
  }
  void* tag = nullptr;
  bool ok = false;
  const auto until = absl::ToChronoTime(absl::Now() + wait);
  if (queue_.AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT) {
    return Event::kNothingYet;
  }
  reading_ = false;
  if (!ok) {
    ended_ = true;
    return Event::kEnd;
  }
  message.Clear();
  message.Swap(&incoming_);
  return Event::kMessage;
}

grpc::Status UpdateStream::Finish() {
  if (finished_) return status_;
  grpc::ByteBuffer dropped;
  while (Read(dropped, absl::Hours(1)) != Event::kEnd) {
  }
  call_->Finish(&status_, &finish_tag);
  AwaitTag(&finish_tag);
  finished_ = true;
  return status_;
}

}  // namespace tributary::tester
