// Checks each message against the contract, and writes its rows to the warehouse: at a checkpoint
// the rows are committed first, then the state is saved, as Fivetran does it.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_SINK_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_SINK_H_

#include <google/protobuf/arena.h>

#include <cstddef>
#include <string>
#include <vector>

#include "tests/sync_tester/catalog.h"
#include "tests/sync_tester/message_sink.h"
#include "tests/sync_tester/stream_contract.h"
#include "tests/sync_tester/warehouse.h"

namespace tributary::tester {

class WarehouseSink : public MessageSink {
 public:
  // All references outlive the sink.
  WarehouseSink(const SyncOptions& options, Catalog& catalog, bool from_nothing,
                Warehouse& warehouse, Tally& tally);

  bool Take(grpc::ByteBuffer& message) override;
  void End(bool complete) override;

 private:
  bool TakeParsed(const fivetran_sdk::v2::UpdateResponse& message, std::size_t bytes);
  absl::Status WriteRows();
  absl::Status TakeCheckpoint(const std::string& state);

  const SyncOptions& options_;
  Catalog& catalog_;
  Warehouse& warehouse_;
  Tally& tally_;
  StreamContract contract_;
  StateKeeper states_;
  std::size_t uncommitted_bytes_ = 0;
  // The memory into which messages are parsed; used again for each message.
  std::vector<char> arena_block_;
  google::protobuf::Arena arena_;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_SINK_H_
