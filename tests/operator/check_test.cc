// `tributary check` on the real executable: each thing that a start or a sync needs is made
// unavailable; a line says so, and what to do.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "tests/operator/certificates.h"
#include "tests/process/connector.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {
namespace {

struct Checked {
  int exit_code = -1;
  std::vector<std::string> lines;
  std::string errors;

  // The line for `subject`; empty if there is none.
  std::string Of(const std::string& grade, const std::string& subject) const {
    // The grade is padded to this width.
    constexpr std::size_t kColumn = 9;
    for (const std::string& line : lines) {
      if (line.size() > kColumn && absl::StartsWith(line, grade) &&
          absl::StartsWith(line.substr(kColumn), subject + ": ")) {
        return line;
      }
    }
    return "";
  }
  std::string all() const { return absl::StrJoin(lines, "\n") + errors; }
};

class Check : public ::testing::Test {
 protected:
  std::string Put(const std::string& name, const std::string& content) {
    std::ofstream(dir_ / name, std::ios::binary) << content;
    return dir_ / name;
  }
  // With folders that can be used; `flags` follow and override them.
  Checked Run(const std::vector<std::string>& flags,
              std::vector<std::pair<int, rlim_t>> limits = {}) const {
    ChildOptions child;
    child.program = ConnectorBinary();
    child.arguments = {"check"};
    child.arguments.insert(child.arguments.end(), flags.begin(), flags.end());
    child.environment = {{"TRIBUTARY_PORT", "0"},
                         {"TRIBUTARY_SQLITE_ROOT", dir_.path()},
                         {"TRIBUTARY_STAGING_DIR", dir_ / "staging"},
                         {"TRIBUTARY_STAGING_LIMIT", "256MiB"},
                         {"TRIBUTARY_WORKERS", "1"},
                         {"TRIBUTARY_MAX_SYNCS", "1"}};
    child.limits = std::move(limits);
    return RunChild(child);
  }
  static Checked RunChild(const ChildOptions& options) {
    Checked checked;
    const auto child = ChildProcess::Start(options);
    EXPECT_TRUE(child.ok()) << child.status();
    if (!child.ok()) return checked;
    const auto ending = (*child)->Wait();
    if (ending.has_value()) checked.exit_code = ending->exit_code.value_or(-1);
    checked.lines = (*child)->Lines();
    checked.errors = (*child)->Errors();
    return checked;
  }
  static void ExpectProblem(const Checked& checked, const std::string& subject,
                            const std::string& why) {
    EXPECT_EQ(checked.exit_code, 1) << checked.all();
    const std::string line = checked.Of("problem", subject);
    EXPECT_TRUE(absl::StrContains(line, why)) << why << "\n" << checked.all();
    EXPECT_TRUE(absl::StrContains(line, "; ")) << "it does not say what to do: " << line;
  }

  TempDir dir_;
};

TEST_F(Check, MachineThatHasAllIsReadyAndEachThingHasALine) {
  const Checked checked = Run({"--metrics-address", "127.0.0.1:0"});
  EXPECT_EQ(checked.exit_code, 0) << checked.all();
  for (const char* subject :
       {"flags", "--sqlite-root", "--postgresql-link-local", "--max-retained-wal", "--staging-dir",
        "--port", "--metrics-address", "memory", "shared memory", "open files", "seccomp"}) {
    EXPECT_NE(checked.Of("ok", subject), "") << subject << "\n" << checked.all();
  }
  EXPECT_NE(checked.Of("", "Landlock"), "") << checked.all();
  EXPECT_EQ(checked.lines.back(), "ready to start");
}

TEST_F(Check, FlagDoesTheSameAsTheSubcommand) {
  ChildOptions child;
  child.program = ConnectorBinary();
  child.arguments = {"--sqlite-root", dir_ / "missing", "--check", "--port", "0",
                     "--staging-dir", dir_ / "staging"};
  ExpectProblem(RunChild(child), "--sqlite-root", "No such file or directory");
}

TEST_F(Check, AllThatIsWrongIsSaidAtOnce) {
  const std::string file = Put("file", "x");
  const Checked checked = Run({"--sqlite-root", dir_ / "missing", "--staging-dir", file,
                               "--staging-key-file", file, "--metrics-address", "nonsense",
                               "--max-retained-wal", "abc", "--postgresql-link-local", "yes"});
  ExpectProblem(checked, "--sqlite-root", "No such file or directory");
  ExpectProblem(checked, "--staging-dir", "Not a directory");
  ExpectProblem(checked, "--staging-key-file", "32 bytes");
  ExpectProblem(checked, "--metrics-address", "nonsense");
  ExpectProblem(checked, "--max-retained-wal",
                "abc: it is not a whole number of GiB from 1 to 1048576; ");
  ExpectProblem(checked, "--postgresql-link-local", "yes: it is neither refuse nor allow; ");
  EXPECT_TRUE(absl::StartsWith(checked.lines.back(), "not ready")) << checked.all();
}

TEST_F(Check, CertificatesAreLookedAtWithTheirDates) {
  const KeyPair pair = MakeKeyPair();
  const KeyPair other = MakeKeyPair();
  const std::string cert = Put("cert.pem", pair.certificate);
  const std::string key = Put("key.pem", pair.key);
  const Checked good = Run({"--tls-cert", cert, "--tls-key", key, "--tls-client-ca", cert});
  EXPECT_EQ(good.exit_code, 0) << good.all();
  EXPECT_NE(good.Of("ok", "--tls-cert"), "") << good.all();
  EXPECT_NE(good.Of("ok", "certificate dates"), "") << good.all();
  EXPECT_NE(Run({"--tls-cert", cert, "--tls-key", key}).Of("warning", "--tls-client-ca"), "");
  const std::string other_key = Put("other.pem", other.key);
  ExpectProblem(Run({"--tls-cert", cert, "--tls-key", other_key}), "--tls-cert", "does not fit");
  const KeyPair expired = MakeKeyPair(-1);
  ExpectProblem(Run({"--tls-cert", Put("old.pem", expired.certificate), "--tls-key",
                     Put("old_key.pem", expired.key)}),
                "certificate dates", "has expired");
}

TEST_F(Check, PortThatIsTakenIsAProblem) {
  Connector connector({.sqlite_root = dir_.path(), .staging_dir = dir_ / "other"});
  ASSERT_TRUE(connector.Start().ok());
  ExpectProblem(Run({"--port", connector.port()}), "--port", connector.port());
}

TEST_F(Check, WorkersForWhichMemoryOrOpenFilesDoNotSufficeAreSaid) {
  ExpectProblem(Run({"--workers", "256", "--max-syncs", "256"}, {{RLIMIT_NOFILE, 4096}}),
                "open files", "4096 may be open");
  const Checked many = Run({"--workers", "256", "--max-syncs", "256"});
  EXPECT_NE(many.Of("", "memory"), "") << many.all();
  EXPECT_EQ(many.Of("ok", "memory"), "") << "5 TB are needed\n" << many.all();
}

TEST_F(Check, RingThatCannotBeReservedIsAProblem) {
  ExpectProblem(Run({}, {{RLIMIT_FSIZE, limits::kRingBytes / 2}}), "shared memory",
                "cannot reserve");
}

TEST_F(Check, SandboxThatCannotBeEnteredIsAProblem) {
  // A worker needs at least the limit of open files that it sets for itself.
  ExpectProblem(Run({}, {{RLIMIT_NOFILE, limits::kWorkerOpenFiles / 2}}), "seccomp",
                "open-files limit");
}

TEST_F(Check, DiskThatIsSmallerThanStagingMayBecomeIsAWarning) {
  const Checked checked = Run({"--staging-limit", "1000000GiB"});
  EXPECT_EQ(checked.exit_code, 0) << checked.all();
  EXPECT_NE(checked.Of("warning", "--staging-dir"), "") << checked.all();
}

TEST_F(Check, CommandLineThatIsWrongEndsWithOne) {
  EXPECT_EQ(Run({"--workers", "0"}).exit_code, 1);
  EXPECT_EQ(Run({"--no-such-flag"}).exit_code, 1);
}

}  // namespace
}  // namespace tributary::tests
