// Holds one sync's stream to what Fivetran's contract and tributary's own
// promises say. Pure: it sees messages and answers with a breach or with the
// rows they carry, resolved against the catalog, so that nobody after it has to
// look up a name again.
//
// One thread. After the first breach an object says nothing more of use.
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

// Fivetran's bounds, written down here once more on purpose: this is the other
// side, and takes no number from the connector.
inline constexpr std::size_t kContractRecordsInMessage = 100;
inline constexpr std::size_t kContractMessageBytes = std::size_t{128} << 20;

// One record; points into the message and the catalog.
struct Row {
  const TableShape* table = nullptr;
  fivetran_sdk::v2::RecordType operation = fivetran_sdk::v2::UPSERT;
  // By the table's column index; null where the record lacks the column.
  // Empty for TRUNCATE.
  std::vector<const fivetran_sdk::v2::ValueType*> values;
};

class StreamContract {
 public:
  // `from_nothing`: the request held no state, so every table begins with
  // TRUNCATE. `catalog` outlives the contract and is amended by SchemaChanges.
  StreamContract(Catalog& catalog, bool from_nothing);

  // Checks the next message, of `bytes` on the wire. FAILED_PRECONDITION names
  // the message's number (from 1) and the breach, never a value.
  absl::Status Check(const fivetran_sdk::v2::UpdateResponse& message, std::size_t bytes);

  // The rows of the message last checked, valid as long as that message.
  absl::Span<const Row> rows() const { return absl::MakeConstSpan(rows_.data(), row_count_); }

  // To be asked when the stream has ended with OK.
  absl::Status CheckEnd() const;

  // Messages checked so far.
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
  // Rows keep their vectors' memory from message to message.
  std::vector<Row> rows_;
  std::size_t row_count_ = 0;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_STREAM_CONTRACT_H_
