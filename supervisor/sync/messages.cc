#include "supervisor/sync/messages.h"

#include <algorithm>

#include "common/limits.h"
#include "common/text.h"
#include "proto/connector_sdk.pb.h"

namespace tributary {

namespace sdk = fivetran_sdk::v2;

std::string TruncateMessage(const TableName& table) {
  sdk::UpdateResponse response;
  sdk::Record& record = *response.mutable_records()->add_records();
  record.set_schema_name(table.schema);
  record.set_table_name(table.table);
  record.set_type(sdk::TRUNCATE);
  return response.SerializeAsString();
}

std::string WarningMessage(const std::string& text) {
  sdk::UpdateResponse response;
  response.mutable_warning()->set_message(text);
  return response.SerializeAsString();
}

std::string TaskMessage(const std::string& text) {
  sdk::UpdateResponse response;
  response.mutable_task()->set_message(text);
  return response.SerializeAsString();
}

std::string CheckpointMessage(const std::string& state_json) {
  sdk::UpdateResponse response;
  response.mutable_checkpoint()->set_state_json(state_json);
  return response.SerializeAsString();
}

std::string StateOfCheckpoint(std::string_view message) {
  sdk::UpdateResponse response;
  if (!response.ParseFromArray(message.data(), static_cast<int>(message.size()))) return "";
  return response.checkpoint().state_json();
}

std::vector<std::string> SchemaChangeMessages(const std::vector<TableToCopy>& tables) {
  // So that a schema is in a message once.
  std::vector<const TableToCopy*> sorted;
  for (const TableToCopy& table : tables) sorted.push_back(&table);
  std::sort(sorted.begin(), sorted.end(),
            [](const TableToCopy* a, const TableToCopy* b) { return a->name < b->name; });
  std::vector<std::string> messages;
  sdk::UpdateResponse response;
  std::size_t bytes = 0;
  for (const TableToCopy* const one : sorted) {
    const TableToCopy& table = *one;
    auto& schemas = *response.mutable_schema_change()->mutable_with_schema();
    if (schemas.schemas_size() == 0 ||
        schemas.schemas(schemas.schemas_size() - 1).name() != table.name.schema) {
      schemas.add_schemas()->set_name(table.name.schema);
    }
    sdk::Table& changed = *schemas.mutable_schemas(schemas.schemas_size() - 1)->add_tables();
    changed.set_name(table.name.table);
    for (const sdk::Column& column : table.columns) *changed.add_columns() = column;
    bytes += changed.ByteSizeLong();
    if (bytes < limits::kMaxBatchBytes) continue;
    messages.push_back(response.SerializeAsString());
    response.Clear();
    bytes = 0;
  }
  if (bytes > 0) messages.push_back(response.SerializeAsString());
  return messages;
}

void LogShown(const Logger& log, std::string_view shown_as, std::string_view text) {
  log.Warning(WithoutQuoted(text), {{"shown_as", shown_as}});
}

}  // namespace tributary
