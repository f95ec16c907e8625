#include "supervisor/sync/lane.h"

#include "supervisor/sync/messages.h"

namespace tributary {

void Requests::Warn(const Logger& log, Shown warning) {
  LogShown(log, "warning", warning.text);
  messages.push_back(WarningMessage(warning.text));
  shown.push_back(std::move(warning));
}

}  // namespace tributary
