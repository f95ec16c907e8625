#include "tests/worker/sandbox/attempts.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace tributary {
namespace {

constexpr char kEnd = '\0';

void Require(bool holds, const char* what) {
  if (holds) return;
  std::perror(what);
  std::abort();
}

std::string ReadToEnd(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(fd, buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

void Complaints::Check(bool holds, const std::string& promise) {
  if (!holds) absl::StrAppend(&text_, "broken: ", promise, "\n");
}

void Complaints::Refused(const std::string& what, long result, std::vector<int> errors) {
  const int error = errno;
  if (result == -1 && std::count(errors.begin(), errors.end(), error) > 0) return;
  absl::StrAppend(&text_, what, " returned ", result, ", ", std::strerror(error), "\n");
}

void Complaints::Succeeds(const std::string& what, long result) {
  const int error = errno;
  if (result < 0) absl::StrAppend(&text_, what, " failed: ", std::strerror(error), "\n");
}

Outcome RunInChild(const std::function<void(Complaints&)>& body) {
  int ends[2];
  Require(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  const pid_t child = ::fork();
  Require(child >= 0, "fork");
  if (child == 0) {
    Require(::dup2(ends[1], kTellFd) == kTellFd, "dup2");
    for (const int end : ends) {
      if (end != kTellFd) ::close(end);
    }
    Complaints complaints;
    body(complaints);
    const std::string text = complaints.text() + kEnd;
    const bool told =
        ::write(kTellFd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::_exit(told ? 0 : 99);
  }
  ::close(ends[1]);
  Outcome outcome;
  outcome.told = ReadToEnd(ends[0]);
  ::close(ends[0]);
  outcome.ran_to_its_end = outcome.told.ends_with(kEnd);
  if (outcome.ran_to_its_end) outcome.told.pop_back();
  Require(::waitpid(child, &outcome.status, 0) == child, "waitpid");
  return outcome;
}

std::string ComplaintsOf(const std::function<void(Complaints&)>& body) {
  const Outcome outcome = RunInChild(body);
  if (outcome.status == 0 && outcome.ran_to_its_end) return outcome.told;
  return absl::StrCat(outcome.told, "ended with wait status ", outcome.status, "\n");
}

std::string ComplaintsInSandbox(const SourceNeeds& needs,
                                const std::function<void(Complaints&)>& body) {
  return ComplaintsOf([&](Complaints& complaints) {
    const auto report = EnterSandbox(needs, {});
    complaints.Check(report.ok(), std::string(report.status().message()));
    if (report.ok()) body(complaints);
  });
}

Companion::Companion(const std::function<void(const std::function<void()>& ready)>& body) {
  int ends[2];
  Require(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  pid_ = ::fork();
  Require(pid_ >= 0, "fork");
  if (pid_ == 0) {
    ::close(ends[0]);
    body([&] { Require(::write(ends[1], "r", 1) == 1, "write"); });
    ::_exit(0);
  }
  ::close(ends[1]);
  char ready = 0;
  Require(::read(ends[0], &ready, 1) == 1, "companion died early");
  ::close(ends[0]);
}

Companion::~Companion() { Kill(); }

bool Companion::alive() { return pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == 0; }

void Companion::Kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

TestDirectory::TestDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "tributary-sandbox-XXXXXX").string();
  Require(::mkdtemp(name.data()) != nullptr, "mkdtemp");
  path_ = name;
}

TestDirectory::~TestDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TestDirectory::Write(const std::string& name, const std::string& content) const {
  std::ofstream(Path(name)) << content;
  return Path(name);
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

long TryOpen(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  return fd;
}

}  // namespace tributary
