#include "supervisor/sync/lane.h"

#include "supervisor/sync/messages.h"

namespace tributary {

bool ConcernsAll(const absl::Status& why) {
  return absl::IsUnavailable(why) || absl::IsFailedPrecondition(why);
}

bool IsOfTheDisk(const absl::Status& why) {
  return absl::IsUnavailable(why) || absl::IsDeadlineExceeded(why);
}

void Requests::Warn(const Logger& log, Shown warning) {
  LogShown(log, "warning", warning.text);
  messages.push_back(WarningMessage(warning.text));
  shown.push_back(std::move(warning));
}

}  // namespace tributary
