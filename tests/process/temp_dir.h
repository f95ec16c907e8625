// A folder for one test, removed with everything in it.
#ifndef TRIBUTARY_TESTS_PROCESS_TEMP_DIR_H_
#define TRIBUTARY_TESTS_PROCESS_TEMP_DIR_H_

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace tributary::tests {

class TempDir {
 public:
  TempDir() : path_((std::filesystem::temp_directory_path() / "tributary-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
    // If /tmp is a symbolic link: tests compare this path with those that the kernel reports.
    path_ = std::filesystem::canonical(path_).string();
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_TEMP_DIR_H_
