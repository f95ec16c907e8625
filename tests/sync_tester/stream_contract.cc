#include "tests/sync_tester/stream_contract.h"

#include "absl/strings/str_cat.h"
#include "tests/sync_tester/json_syntax.h"
#include "tests/sync_tester/value_rules.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

StreamContract::StreamContract(Catalog& catalog, bool from_nothing)
    : catalog_(catalog), from_nothing_(from_nothing) {}

absl::Status StreamContract::Breach(const std::string& what) const {
  return absl::FailedPreconditionError(absl::StrCat("message ", messages_, ": ", what));
}

absl::Status StreamContract::Check(const v2::UpdateResponse& message, std::size_t bytes) {
  ++messages_;
  row_count_ = 0;
  if (task_seen_) return Breach("comes after a task, which ends the sync");
  if (bytes > kContractMessageBytes) {
    return Breach(
        absl::StrCat("holds ", bytes, " bytes; at most ", kContractMessageBytes, " are allowed"));
  }
  absl::Status checked = CheckOperation(message);
  last_was_checkpoint_ = message.has_checkpoint();
  return checked;
}

absl::Status StreamContract::CheckOperation(const v2::UpdateResponse& message) {
  switch (message.operation_case()) {
    case v2::UpdateResponse::kRecords:
      return CheckRecords(message.records());
    case v2::UpdateResponse::kRecord:
      return CheckRecord(message.record());
    case v2::UpdateResponse::kCheckpoint:
      return CheckCheckpoint(message.checkpoint());
    case v2::UpdateResponse::kSchemaChange: {
      const v2::SchemaChange& change = message.schema_change();
      absl::Status merged = absl::FailedPreconditionError("a schema change with nothing set");
      if (change.has_with_schema()) merged = catalog_.Merge(change.with_schema());
      if (change.has_without_schema()) merged = catalog_.Merge(change.without_schema());
      return merged.ok() ? merged : Breach(absl::StrCat("schema change: ", merged.message()));
    }
    case v2::UpdateResponse::kWarning:
      return message.warning().message().empty() ? Breach("a warning without a text")
                                                 : absl::OkStatus();
    case v2::UpdateResponse::kTask:
      task_seen_ = true;
      return message.task().message().empty() ? Breach("a task without a text") : absl::OkStatus();
    case v2::UpdateResponse::OPERATION_NOT_SET:
      break;
  }
  return Breach("has no operation set");
}

absl::Status StreamContract::CheckRecords(const v2::Records& records) {
  const auto count = static_cast<std::size_t>(records.records_size());
  if (count > kContractRecordsInMessage) {
    return Breach(absl::StrCat("holds ", count, " records; at most ", kContractRecordsInMessage,
                               " are allowed"));
  }
  for (const v2::Record& record : records.records()) {
    if (absl::Status checked = CheckRecord(record); !checked.ok()) return checked;
  }
  return absl::OkStatus();
}

absl::Status StreamContract::CheckRecord(const v2::Record& record) {
  if (checkpoints_ == 0) {
    return Breach("holds records before the first checkpoint, which must come first");
  }
  if (catalog_.with_schema() && record.schema_name().empty()) {
    return Breach(absl::StrCat("a record of table ", record.table_name(),
                               " names no schema, and the source has schemas"));
  }
  const bool has_schema = !record.schema_name().empty();
  const TableShape* table = catalog_.Find(has_schema, record.schema_name(), record.table_name());
  if (table == nullptr) {
    return Breach(absl::StrCat("a record of table ", record.schema_name(), ".", record.table_name(),
                               ", which neither Schema nor a schema change has named"));
  }
  if (!table->selected) {
    return Breach(
        absl::StrCat("a record of table ", table->FullName(), ", which the selection leaves out"));
  }
  if (!v2::RecordType_IsValid(record.type())) {
    return Breach(absl::StrCat("a record of table ", table->FullName(), " of unknown type ",
                               static_cast<int>(record.type())));
  }
  if (absl::Status first = CheckFirstTouch(*table, record.type()); !first.ok()) return first;

  if (row_count_ == rows_.size()) rows_.emplace_back();
  Row& row = rows_[row_count_++];
  row.table = table;
  row.operation = record.type();
  row.values.clear();
  if (record.type() == v2::TRUNCATE) return absl::OkStatus();
  row.values.assign(table->columns.size(), nullptr);
  return CheckColumns(record, row);
}

absl::Status StreamContract::CheckFirstTouch(const TableShape& table, v2::RecordType operation) {
  if (table.ordinal >= touched_.size()) touched_.resize(table.ordinal + 1, false);
  if (touched_[table.ordinal]) return absl::OkStatus();
  touched_[table.ordinal] = true;
  if (!from_nothing_ || operation == v2::TRUNCATE) return absl::OkStatus();
  return Breach(absl::StrCat("the first record of table ", table.FullName(), " is ",
                             v2::RecordType_Name(operation),
                             "; a sync without state begins each table with TRUNCATE"));
}

absl::Status StreamContract::CheckColumns(const v2::Record& record, Row& row) {
  const TableShape& table = *row.table;
  const auto record_breach = [&](const std::string& what) {
    return Breach(absl::StrCat(v2::RecordType_Name(record.type()), " of table ", table.FullName(),
                               " ", what));
  };
  if (record.data().empty()) return record_breach("holds no data");
  for (const auto& [name, value] : record.data()) {
    const auto found = table.column_index.find(name);
    if (found == table.column_index.end()) {
      return record_breach(absl::StrCat("holds column ", name,
                                        ", which neither Schema nor a schema change has named"));
    }
    const ColumnShape& column = table.columns[found->second];
    if (!column.selected) {
      return record_breach(absl::StrCat("holds column ", name, ", which the selection leaves out"));
    }
    if (const std::string fault = ValueFault(value, column); !fault.empty()) {
      return record_breach(absl::StrCat("holds in column ", name, " ", fault));
    }
    row.values[found->second] = &value;
  }
  for (const std::size_t key : table.keys) {
    if (row.values[key] == nullptr) {
      return record_breach(absl::StrCat("lacks primary-key column ", table.columns[key].name));
    }
    if (row.values[key]->has_null()) {
      return record_breach(
          absl::StrCat("holds null in primary-key column ", table.columns[key].name));
    }
  }
  if (table.keys.empty() && record.type() == v2::UPDATE) {
    return record_breach("has no primary key to find its row by");
  }
  // If there is no key, DELETE finds its row by all values.
  const bool whole =
      record.type() == v2::UPSERT || (record.type() == v2::DELETE && table.keys.empty());
  if (!whole || record.data().size() == table.selected_columns) return absl::OkStatus();
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].selected && row.values[i] == nullptr) {
      return record_breach(absl::StrCat("lacks selected column ", table.columns[i].name));
    }
  }
  return absl::OkStatus();
}

absl::Status StreamContract::CheckCheckpoint(const v2::Checkpoint& checkpoint) {
  ++checkpoints_;
  if (checkpoint.state_json().empty()) return Breach("a checkpoint with an empty state");
  if (!IsFilledJsonObject(checkpoint.state_json())) {
    return Breach("a checkpoint whose state is not a JSON object with members");
  }
  return absl::OkStatus();
}

absl::Status StreamContract::CheckEnd() const {
  if (last_was_checkpoint_ || task_seen_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      messages_ == 0
          ? std::string("the stream ended with OK without one checkpoint")
          : absl::StrCat("message ", messages_,
                         ": the stream ended with OK after it, and it is no checkpoint"));
}

}  // namespace tributary::tester
