#include "supervisor/library_logs.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace tributary {
namespace {

// The libraries call plain functions. Never freed: they may call until the process ends.
const Logger* library_log = nullptr;

void Write(const char* library, LogLevel level, const char* file, int line,
           const std::string& message) {
  library_log->Write(level, message, {{"library", library}, {"at", absl::StrCat(file, ":", line)}});
}

// Errors that gRPC logs are often a client's, such as a failed handshake: no reason to alert an
// operator.
void TakeGrpc(gpr_log_func_args* entry) {
  Write("grpc", entry->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kInfo,
        entry->file, entry->line, entry->message);
}

// After a fatal message protobuf ends the process.
void TakeProtobuf(google::protobuf::LogLevel level, const char* file, int line,
                  const std::string& message) {
  const LogLevel ours = level == google::protobuf::LOGLEVEL_FATAL  ? LogLevel::kSevere
                        : level == google::protobuf::LOGLEVEL_INFO ? LogLevel::kInfo
                                                                   : LogLevel::kWarning;
  Write("protobuf", ours, file, line, message);
}

}  // namespace

void LogLibraries(const Logger& log) {
  library_log = new Logger(log);
  gpr_set_log_function(&TakeGrpc);
  google::protobuf::SetLogHandler(&TakeProtobuf);
}

}  // namespace tributary
