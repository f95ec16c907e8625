// Does with the path of a file in memory what OpenSSL and libpq do with that of a certificate or
// key.
#include "worker/network/memory_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/worker/sandbox/attempts.h"
#include "worker/sandbox/landlock.h"

namespace tributary {
namespace {

TEST(MemoryFileTest, IsReadByItsPathInsideTheSandbox) {
  const std::string content(100'000, 'k');
  EXPECT_EQ(ComplaintsOf([&](Complaints& complaints) {
              // As in a worker, whose /proc entries belong to root.
              ::prctl(PR_SET_DUMPABLE, 0);
              const auto file = MemoryFile::Make(content);
              complaints.Check(file.ok(), file.status().ToString());
              complaints.Check(EnterSandbox({.tcp_ports = {5432}}, {}).ok(), "entered");
              // Several times, each time from its beginning.
              for (int time = 0; time < 2; ++time) {
                complaints.Check(ReadAll(file->path()) == content, "it has what was put in");
              }
              struct stat found = {};
              complaints.Succeeds("stat", ::stat(file->path().c_str(), &found));
              complaints.Check(S_ISREG(found.st_mode), "it is a regular file");
              complaints.Check((found.st_mode & 0777) == 0600, "only its owner may read it");
              complaints.Check(found.st_uid == ::geteuid(), "it is this user's");
            }),
            "");
}

TEST(MemoryFileTest, NobodyChangesIt) {
  const auto file = MemoryFile::Make("certificate");
  ASSERT_TRUE(file.ok()) << file.status();
  const int writer = ::open(file->path().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  EXPECT_EQ(::write(writer, "x", 1), -1);
  EXPECT_EQ(::ftruncate(writer, 0), -1);
  ::close(writer);
  EXPECT_EQ(ReadAll(file->path()), "certificate");
}

TEST(MemoryFileTest, GoesWithItsOwner) {
  std::string path;
  {
    const auto file = MemoryFile::Make("certificate");
    ASSERT_TRUE(file.ok()) << file.status();
    path = file->path();
    EXPECT_EQ(::access(path.c_str(), R_OK), 0);
  }
  EXPECT_NE(::access(path.c_str(), R_OK), 0);
}

}  // namespace
}  // namespace tributary
