// The messages of the stream that the supervisor makes itself, as wire bytes.
// Rows are made by the workers.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_MESSAGES_H_
#define TRIBUTARY_SUPERVISOR_SYNC_MESSAGES_H_

#include <string>
#include <string_view>
#include <vector>

#include "common/log.h"
#include "supervisor/plan/plan.h"

namespace tributary {

std::string TruncateMessage(const TableName& table);
std::string WarningMessage(const std::string& text);
std::string TaskMessage(const std::string& text);
std::string CheckpointMessage(const std::string& state_json);
// The state of a checkpoint message; empty if the bytes are not one.
std::string StateOfCheckpoint(std::string_view message);
// As many messages as needed to keep each well under the size limit.
std::vector<std::string> SchemaChangeMessages(const std::vector<TableToCopy>& tables);

// Logs a text that the user is shown. `shown_as`: "warning", "task", "setup test", "schema". Quoted
// parts are removed, since they may be a row's value.
void LogShown(const Logger& log, std::string_view shown_as, std::string_view text);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_MESSAGES_H_
