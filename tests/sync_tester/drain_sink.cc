#include "tests/sync_tester/drain_sink.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/connector_sdk.pb.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

bool DrainSink::Take(grpc::ByteBuffer& message) {
  ++tally_.messages;
  tally_.bytes += message.Length();
  slices_.clear();
  pieces_.clear();
  if (!message.Dump(&slices_).ok()) {
    Fail(tally_, Verdict::kConnectorError, "read the stream: a message came without its bytes");
    return false;
  }
  for (const grpc::Slice& slice : slices_) {
    pieces_.emplace_back(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  const std::optional<WireCount> count = CountWire(pieces_);
  if (!count) {
    Fail(tally_, Verdict::kBreach,
         absl::StrCat("message ", tally_.messages, ": is no UpdateResponse"));
    return false;
  }
  tally_.records += count->records;
  if (count->operation == WireOperation::kRecords || count->operation == WireOperation::kRecord) {
    return true;
  }
  return TakeOther(message);
}

bool DrainSink::TakeOther(grpc::ByteBuffer& message) {
  v2::UpdateResponse parsed;
  grpc::ProtoBufferReader reader(&message);
  if (!reader.status().ok() || !parsed.ParseFromZeroCopyStream(&reader)) {
    Fail(tally_, Verdict::kBreach,
         absl::StrCat("message ", tally_.messages, ": is no UpdateResponse"));
    return false;
  }
  if (parsed.has_schema_change()) ++tally_.schema_changes;
  if (parsed.has_warning()) tally_.CountWarning(parsed.warning().message());
  if (parsed.has_task()) tally_.task = parsed.task().message();
  if (!parsed.has_checkpoint()) return true;
  ++tally_.checkpoints;
  tally_.last_checkpoint = tally_.elapsed;
  const absl::Status kept = states_.Keep(parsed.checkpoint().state_json());
  if (!kept.ok()) Fail(tally_, Verdict::kUsage, std::string(kept.message()));
  return kept.ok();
}

}  // namespace tributary::tester
