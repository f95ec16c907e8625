#include "supervisor/settings_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "supervisor/sync/staging_key.h"
#include "supervisor/web/token.h"

namespace tributary {
namespace {

absl::Status Unusable(const std::string& flag, const std::string& value, const std::string& why,
                      const char* hint) {
  return absl::FailedPreconditionError(
      absl::StrCat("use ", flag, " ", value, ": ", why, "; ", hint));
}

// The errno that keeps this process from using the folder as `rights` (access(2)) says; 0: none.
int FolderError(const std::string& path, int rights) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return errno;
  if (!S_ISDIR(found.st_mode)) return ENOTDIR;
  return ::faccessat(AT_FDCWD, path.c_str(), rights, AT_EACCESS) == 0 ? 0 : errno;
}

// The value is not wrong: the disk may recover.
bool IsTheDisks(int error) {
  return error == ENOSPC || error == EDQUOT || error == EIO || error == ENOMEM || error == EMFILE ||
         error == ENFILE;
}

}  // namespace

absl::Status CheckEngineSetting(const OperatorSetting& setting, const Settings& settings) {
  const std::string& value = settings.for_engines.at(setting.name);
  const int error = setting.is_folder ? FolderError(value, R_OK | X_OK) : 0;
  if (error != 0) {
    return Unusable(absl::StrCat("--", setting.name), value, std::strerror(error),
                    "name the folder that holds the databases, and let tributary's user read it");
  }
  return setting.check == nullptr ? absl::OkStatus() : setting.check(value);
}

absl::Status CheckStagingDir(const Settings& settings) {
  std::error_code made;
  std::filesystem::create_directories(settings.staging_dir, made);
  int error = FolderError(settings.staging_dir, R_OK | W_OK | X_OK);
  // The reason why it could not be made says more than "not found".
  if (error == ENOENT && made) error = made.value();
  if (error == 0 || IsTheDisks(error)) return absl::OkStatus();
  return Unusable("--staging-dir", settings.staging_dir, std::strerror(error),
                  "name a folder that tributary's user may write to");
}

absl::Status CheckSettings(const Settings& settings, const std::vector<EngineSetup>& setups) {
  absl::Status usable;
  for (const EngineSetup& setup : setups) {
    for (const OperatorSetting& setting : setup.operator_settings) {
      if (usable.ok()) usable = CheckEngineSetting(setting, settings);
    }
  }
  if (usable.ok()) usable = CheckStagingDir(settings);
  if (usable.ok() && !settings.staging_key_file.empty()) {
    usable = ReadStagingKeyFile(settings.staging_key_file).status();
  }
  if (usable.ok() && !settings.web_token_file.empty()) {
    usable = ReadWebTokenFile(settings.web_token_file).status();
  }
  return usable;
}

}  // namespace tributary
