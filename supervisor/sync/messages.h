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
// The state of a checkpoint message; empty where the bytes are none.
std::string StateOfCheckpoint(std::string_view message);
// As many messages as it takes for each to stay well under the size limit.
std::vector<std::string> SchemaChangeMessages(const std::vector<TableToCopy>& tables);

// What the user is shown, for the operator. `shown_as`: "warning", "task", "setup test",
// "schema". What the text quotes is left out, for it may be a row's value.
void LogShown(const Logger& log, std::string_view shown_as, std::string_view text);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_MESSAGES_H_
