#include "tests/sync_tester/warehouse_sink.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

constexpr std::size_t kArenaBytes = std::size_t{4} << 20;
// A transaction that is larger is also committed between checkpoints, which limits the write-ahead
// log; a destination may hold more than the state says.
constexpr std::size_t kMaxUncommittedBytes = std::size_t{64} << 20;

google::protobuf::ArenaOptions OptionsFor(std::vector<char>& block) {
  google::protobuf::ArenaOptions options;
  options.initial_block = block.data();
  options.initial_block_size = block.size();
  return options;
}

}  // namespace

WarehouseSink::WarehouseSink(const SyncOptions& options, Catalog& catalog, bool from_nothing,
                             Warehouse& warehouse, Tally& tally)
    : options_(options),
      catalog_(catalog),
      warehouse_(warehouse),
      tally_(tally),
      contract_(catalog, from_nothing),
      states_(options, tally),
      arena_block_(kArenaBytes),
      arena_(OptionsFor(arena_block_)) {}

bool WarehouseSink::Take(grpc::ByteBuffer& message) {
  const std::size_t bytes = message.Length();
  ++tally_.messages;
  tally_.bytes += bytes;
  auto* parsed = google::protobuf::Arena::CreateMessage<v2::UpdateResponse>(&arena_);
  bool fine = false;
  {
    grpc::ProtoBufferReader reader(&message);
    fine = reader.status().ok() && parsed->ParseFromZeroCopyStream(&reader);
  }
  if (fine) {
    fine = TakeParsed(*parsed, bytes);
  } else {
    Fail(tally_, Verdict::kBreach,
         absl::StrCat("message ", tally_.messages,
                      ": is no UpdateResponse: malformed, or a string in it is not UTF-8"));
  }
  arena_.Reset();
  return fine;
}

bool WarehouseSink::TakeParsed(const v2::UpdateResponse& message, std::size_t bytes) {
  if (absl::Status checked = contract_.Check(message, bytes); !checked.ok()) {
    Fail(tally_, Verdict::kBreach, std::string(checked.message()));
    return false;
  }
  absl::Status written;
  switch (message.operation_case()) {
    case v2::UpdateResponse::kRecord:
    case v2::UpdateResponse::kRecords:
      uncommitted_bytes_ += bytes;
      written = WriteRows();
      break;
    case v2::UpdateResponse::kCheckpoint:
      written = TakeCheckpoint(message.checkpoint().state_json());
      break;
    case v2::UpdateResponse::kSchemaChange:
      ++tally_.schema_changes;
      tally_.tables_selected = catalog_.SelectedTables();
      break;
    case v2::UpdateResponse::kWarning:
      tally_.CountWarning(message.warning().message());
      break;
    case v2::UpdateResponse::kTask:
      tally_.task = message.task().message();
      break;
    case v2::UpdateResponse::OPERATION_NOT_SET:
      break;
  }
  if (!written.ok()) Fail(tally_, Verdict::kUsage, std::string(written.message()));
  return written.ok();
}

absl::Status WarehouseSink::WriteRows() {
  warehouse_.SetSynced(absl::Now());
  for (const Row& row : contract_.rows()) {
    if (absl::Status applied = warehouse_.Apply(row); !applied.ok()) return applied;
    tally_.CountRow(row);
  }
  if (uncommitted_bytes_ < kMaxUncommittedBytes || options_.discard_tail) return absl::OkStatus();
  uncommitted_bytes_ = 0;
  return warehouse_.Commit();
}

absl::Status WarehouseSink::TakeCheckpoint(const std::string& state) {
  ++tally_.checkpoints;
  tally_.last_checkpoint = tally_.elapsed;
  uncommitted_bytes_ = 0;
  if (absl::Status committed = warehouse_.Commit(); !committed.ok()) return committed;
  return states_.Keep(state);
}

void WarehouseSink::End(bool complete) {
  if (complete) {
    if (absl::Status end = contract_.CheckEnd(); !end.ok()) {
      Fail(tally_, Verdict::kBreach, std::string(end.message()));
    }
  }
  const bool keep = !options_.discard_tail || (complete && tally_.task.empty());
  const absl::Status ended = keep ? warehouse_.Commit() : warehouse_.Rollback();
  if (!ended.ok()) Fail(tally_, Verdict::kUsage, std::string(ended.message()));
}

}  // namespace tributary::tester
