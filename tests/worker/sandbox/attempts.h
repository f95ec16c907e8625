// For tests of what cannot be undone: a forked child does it, tries things and
// tells what went otherwise than it should.
#ifndef TRIBUTARY_TESTS_WORKER_SANDBOX_ATTEMPTS_H_
#define TRIBUTARY_TESTS_WORKER_SANDBOX_ATTEMPTS_H_

#include <sys/types.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "worker/sandbox/sandbox.h"

namespace tributary {

// The descriptor on which a child tells; the only one above stderr that it needs.
inline constexpr int kTellFd = 3;

// What a child found wrong, one to a line. Empty is good.
class Complaints {
 public:
  void Check(bool holds, const std::string& promise);
  // `result` is a system call's, `errno` still its own.
  void Refused(const std::string& what, long result, std::vector<int> errors = {EPERM});
  void Succeeds(const std::string& what, long result);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct Outcome {
  std::string told;
  // False where something else ended the child, be it a program it became.
  bool ran_to_its_end = false;
  // As waitpid() gives it.
  int status = 0;
};

// Runs `body` in a forked child that leaves by _exit(0) after it.
Outcome RunInChild(const std::function<void(Complaints&)>& body);
// What a child complained of, or how it died.
std::string ComplaintsOf(const std::function<void(Complaints&)>& body);
// The same inside a sandbox.
std::string ComplaintsInSandbox(const SourceNeeds& needs,
                                const std::function<void(Complaints&)>& body);

// A forked child that runs `body` until `body` says Ready(), and from then on
// beside the test. Killed when its owner goes.
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

// A directory that goes with its owner.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  // Returns the path.
  std::string Write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

std::string ReadAll(const std::string& path);
// open() and close(); open's result and errno.
long TryOpen(const std::string& path, int flags);

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_WORKER_SANDBOX_ATTEMPTS_H_
