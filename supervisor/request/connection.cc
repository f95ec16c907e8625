#include "supervisor/request/connection.h"

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/request/digest.h"

namespace tributary {
namespace {

using Configuration = google::protobuf::Map<std::string, std::string>;

constexpr std::size_t kIdDigits = 32;

absl::Status Unusable(const char* key, const std::string& why) {
  return absl::FailedPreconditionError(
      absl::StrCat("reading the configuration: `", key, "` ", why));
}

std::string_view Value(const Configuration& configuration, const char* key) {
  const auto found = configuration.find(key);
  return found == configuration.end() ? std::string_view() : found->second;
}

absl::Status CheckDatabasePath(std::string_view path) {
  if (path.empty()) {
    return Unusable(kDatabasePathKey, "is missing; give the path of the SQLite database file");
  }
  if (path.find('\0') != std::string_view::npos) {
    return Unusable(kDatabasePathKey,
                    "holds a NUL character, which no path can; give the file's path without it");
  }
  if (path.size() > limits::kMaxDatabasePathBytes) {
    return Unusable(kDatabasePathKey,
                    absl::StrCat("is ", path.size(), " bytes long; give a path of at most ",
                                 limits::kMaxDatabasePathBytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Connection> ReadConnection(const Configuration& configuration) {
  const std::string_view source = Value(configuration, kSourceKey);
  if (source.empty()) {
    return Unusable(kSourceKey, absl::StrCat("is missing; choose one of: ", kSqlite));
  }
  // The value itself is left out: nobody knows what was put there by mistake.
  if (source != kSqlite) {
    return Unusable(kSourceKey,
                    absl::StrCat("names no source that is known; choose one of: ", kSqlite));
  }
  const std::string_view path = Value(configuration, kDatabasePathKey);
  if (absl::Status status = CheckDatabasePath(path); !status.ok()) return status;
  return Connection{.source = std::string(source),
                    .id = Digest().Text(source).Text(path).Hex(kIdDigits),
                    .database = std::string(path.substr(path.rfind('/') + 1))};
}

}  // namespace tributary
