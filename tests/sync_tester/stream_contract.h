// Checks one sync's stream against Fivetran's contract and tributary's own promises. Pure: it gets
// messages, and returns a breach, or the message's rows with the columns of the catalog, so that
// later code does not look up names again.
//
// One thread. After the first breach an object must not be used further.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_STREAM_CONTRACT_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_STREAM_CONTRACT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "proto/connector_sdk.pb.h"
#include "tests/sync_tester/catalog.h"

namespace tributary::tester {

// Fivetran's limits. They are repeated here on purpose, since the tester takes no numbers from the
// connector.
inline constexpr std::size_t kContractRecordsInMessage = 100;
inline constexpr std::size_t kContractMessageBytes = std::size_t{128} << 20;

// One record; points into the message and the catalog.
struct Row {
  const TableShape* table = nullptr;
  fivetran_sdk::v2::RecordType operation = fivetran_sdk::v2::UPSERT;
  // By the table's column index; null if the record lacks the column. Empty for TRUNCATE.
  std::vector<const fivetran_sdk::v2::ValueType*> values;
};

class StreamContract {
 public:
  // `from_nothing`: the request had no state, so each table must begin with TRUNCATE. `catalog`
  // outlives the contract, and SchemaChanges change it.
  StreamContract(Catalog& catalog, bool from_nothing);

  // Checks the next message, which has `bytes` on the wire. FAILED_PRECONDITION names the message's
  // number (from 1) and the breach, never a value.
  absl::Status Check(const fivetran_sdk::v2::UpdateResponse& message, std::size_t bytes);

  // The rows of the last checked message; valid as long as that message.
  absl::Span<const Row> rows() const { return absl::MakeConstSpan(rows_.data(), row_count_); }

  // Must be called when the stream has ended with OK.
  absl::Status CheckEnd() const;

  // The number of messages checked until now.
  std::uint64_t messages() const { return messages_; }

 private:
  absl::Status Breach(const std::string& what) const;
  absl::Status CheckOperation(const fivetran_sdk::v2::UpdateResponse& message);
  absl::Status CheckRecords(const fivetran_sdk::v2::Records& records);
  absl::Status CheckRecord(const fivetran_sdk::v2::Record& record);
  absl::Status CheckColumns(const fivetran_sdk::v2::Record& record, Row& row);
  absl::Status CheckFirstTouch(const TableShape& table, fivetran_sdk::v2::RecordType operation);
  absl::Status CheckCheckpoint(const fivetran_sdk::v2::Checkpoint& checkpoint);

  Catalog& catalog_;
  const bool from_nothing_;
  std::uint64_t messages_ = 0;
  std::uint64_t checkpoints_ = 0;
  bool task_seen_ = false;
  bool last_was_checkpoint_ = false;
  // By the table's ordinal.
  std::vector<bool> touched_;
  // The rows keep the memory of their vectors from one message to the next.
  std::vector<Row> rows_;
  std::size_t row_count_ = 0;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_STREAM_CONTRACT_H_
