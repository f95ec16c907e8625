// For tests of things that cannot be undone: a forked child does them, tries operations, and
// reports each result that differs from the expected one.
#ifndef TRIBUTARY_TESTS_WORKER_SANDBOX_ATTEMPTS_H_
#define TRIBUTARY_TESTS_WORKER_SANDBOX_ATTEMPTS_H_

#include <sys/types.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "worker/sandbox/sandbox.h"

namespace tributary {

// The descriptor on which a child reports; the only one above stderr that it needs.
inline constexpr int kTellFd = 3;

// What a child found wrong, one line for each. Empty: nothing.
class Complaints {
 public:
  void Check(bool holds, const std::string& promise);
  // `result` is that of a system call, and `errno` must still be that of this call.
  void Refused(const std::string& what, long result, std::vector<int> errors = {EPERM});
  void Succeeds(const std::string& what, long result);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct Outcome {
  std::string told;
  // False if something else ended the child, or if it became another program.
  bool ran_to_its_end = false;
  // As waitpid() returns it.
  int status = 0;
};

// Runs `body` in a forked child, which then ends with _exit(0).
Outcome RunInChild(const std::function<void(Complaints&)>& body);
// What a child found wrong, or how it died.
std::string ComplaintsOf(const std::function<void(Complaints&)>& body);
// The same inside a sandbox.
std::string ComplaintsInSandbox(const SourceNeeds& needs,
                                const std::function<void(Complaints&)>& body);

// A forked child that runs `body`; the constructor returns when `body` calls Ready(). It is killed
// when this object is destroyed.
class Companion {
 public:
  explicit Companion(const std::function<void(const std::function<void()>& ready)>& body);
  ~Companion();
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  pid_t pid() const { return pid_; }
  bool alive();
  void Kill();

 private:
  pid_t pid_ = -1;
};

// A directory that is removed with this object.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  // Returns the file's path.
  std::string Write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

std::string ReadAll(const std::string& path);
// Calls open() and close(); returns open's result, and leaves its errno.
long TryOpen(const std::string& path, int flags);

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_WORKER_SANDBOX_ATTEMPTS_H_
