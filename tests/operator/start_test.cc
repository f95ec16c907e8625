// A flag, or its environment variable, whose value cannot work: the program ends at its start, and
// the log says which flag it is and what to do.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/crash/scene.h"
#include "tests/operator/certificates.h"

namespace tributary::tests {
namespace {

class Start : public ::testing::Test {
 protected:
  std::string Put(const std::string& name, const std::string& content) {
    std::ofstream(dir_ / name, std::ios::binary) << content;
    return dir_ / name;
  }
  ConnectorOptions Options() const {
    return {.sqlite_root = dir_.path(), .staging_dir = dir_ / "staging"};
  }
  static std::size_t Count(const Connector& connector, const char* level) {
    std::size_t count = 0;
    for (const nlohmann::json& line : connector.Log()) count += line.value("level", "") == level;
    return count;
  }
  // It ends without serving; its only SEVERE line contains all of `parts`.
  static void ExpectRefused(const ConnectorOptions& options,
                            const std::vector<std::string>& parts) {
    Connector connector(options);
    EXPECT_FALSE(connector.Start().ok());
    const auto ending = connector.Wait();
    ASSERT_TRUE(ending.has_value()) << connector.Output();
    EXPECT_TRUE(ending->exit_code.has_value() && *ending->exit_code != 0) << connector.Output();
    EXPECT_TRUE(connector.Logged("serving").empty()) << connector.Output();
    ASSERT_EQ(Count(connector, "SEVERE"), 1u) << connector.Output();
    for (const nlohmann::json& line : connector.Log()) {
      if (line.value("level", "") != "SEVERE") continue;
      const std::string said = absl::StrCat(line.value("message", ""), line.value("error", ""));
      for (const std::string& part : parts) {
        EXPECT_TRUE(absl::StrContains(said, part)) << part << "\n" << line;
      }
    }
  }

  TempDir dir_;
};

TEST_F(Start, FolderOrKeyFileThatCannotBeUsedIsRefused) {
  const std::string file = Put("file", "x");
  const std::string missing = dir_ / "missing";
  const struct {
    const char* flag;
    std::string value;
    const char* why;
  } kCases[] = {
      {"--sqlite-root", missing, "No such file or directory"},
      {"--sqlite-root", file, "Not a directory"},
      {"--staging-dir", file, "Not a directory"},
      {"--staging-dir", file + "/below", "Not a directory"},
      {"--staging-dir", "/proc/staging", "No such file or directory"},
      {"--staging-key-file", missing, "be readable"},
      {"--staging-key-file", file, "32 bytes"},
      {"--staging-key-file", dir_.path(), "be readable"},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(absl::StrCat(one.flag, " ", one.value));
    ConnectorOptions options = Options();
    if (std::string_view(one.flag) == "--sqlite-root") options.sqlite_root = one.value;
    if (std::string_view(one.flag) == "--staging-dir") options.staging_dir = one.value;
    if (std::string_view(one.flag) == "--staging-key-file") {
      options.flags = {one.flag, one.value};
    }
    ExpectRefused(options, {one.flag, one.value, one.why});
  }
}

TEST_F(Start, FlagOfAnEngineWithAnUnusableValueIsRefused) {
  constexpr char kGiB[] = "not a whole number of GiB from 1 to 1048576";
  const struct {
    const char* flag;
    const char* value;
    const char* wanted;
  } kCases[] = {
      {"--max-retained-wal", "abc", kGiB},
      {"--max-retained-wal", "0", kGiB},
      {"--max-retained-wal", "16GiB", kGiB},
      {"--postgresql-link-local", "yes", "neither refuse nor allow"},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(absl::StrCat(one.flag, " ", one.value));
    ConnectorOptions options = Options();
    options.flags = {one.flag, one.value};
    ExpectRefused(options, {one.flag, one.value, one.wanted});
  }
  ConnectorOptions options = Options();
  options.environment = {{"TRIBUTARY_MAX_RETAINED_WAL", "abc"}};
  ExpectRefused(options, {"--max-retained-wal", "abc", kGiB});
}

TEST_F(Start, FolderThatTheProcessMayNotUseIsRefused) {
  if (getuid() == 0) GTEST_SKIP() << "root may use any folder";
  std::filesystem::create_directory(dir_ / "closed");
  chmod((dir_ / "closed").c_str(), 0);
  ConnectorOptions options = Options();
  options.sqlite_root = dir_ / "closed";
  ExpectRefused(options, {"--sqlite-root", "Permission denied"});
  options = Options();
  options.staging_dir = dir_ / "closed";
  ExpectRefused(options, {"--staging-dir", "Permission denied"});
}

TEST_F(Start, TlsFilesThatCannotServeAreRefused) {
  const KeyPair pair = MakeKeyPair();
  const KeyPair other = MakeKeyPair();
  const std::string cert = Put("cert.pem", pair.certificate);
  const std::string key = Put("key.pem", pair.key);
  const std::string other_key = Put("other_key.pem", other.key);
  const std::string encrypted = Put("encrypted.pem", pair.encrypted_key);
  const std::string junk = Put("junk.pem", "no PEM at all");
  std::string torn_text = pair.certificate;
  torn_text.resize(torn_text.size() / 2);
  const std::string torn = Put("torn.pem", torn_text);
  std::string spoilt_text = pair.certificate;
  spoilt_text.replace(spoilt_text.size() / 2, 4, "****");
  const std::string spoilt = Put("spoilt.pem", spoilt_text);
  const std::string spoilt_chain = Put("chain.pem", pair.certificate + spoilt_text);
  const std::string empty = Put("empty.pem", "");
  const std::string large = Put("large.pem", std::string(limits::kMaxPemFileBytes + 1, '\n'));
  const std::string missing = dir_ / "missing.pem";
  const struct {
    std::string cert;
    std::string key;
    std::string client_ca;
    const char* flag;
    std::string file;
    const char* why;
  } kCases[] = {
      {missing, key, "", "--tls-cert", missing, "No such file"},
      {dir_.path(), key, "", "--tls-cert", dir_.path(), "cannot be read"},
      {empty, key, "", "--tls-cert", empty, "empty"},
      {large, key, "", "--tls-cert", large, "too large"},
      {junk, key, "", "--tls-cert", junk, "no certificate"},
      {torn, key, "", "--tls-cert", torn, "no certificate"},
      {spoilt, key, "", "--tls-cert", spoilt, "no certificate"},
      {spoilt_chain, key, "", "--tls-cert", spoilt_chain, "damaged"},
      {key, key, "", "--tls-cert", key, "no certificate"},
      {cert, missing, "", "--tls-key", missing, "No such file"},
      {cert, junk, "", "--tls-key", junk, "no private key"},
      {cert, cert, "", "--tls-key", cert, "no private key"},
      {cert, encrypted, "", "--tls-key", encrypted, "passphrase"},
      {cert, other_key, "", "--tls-key", other_key, "does not fit"},
      {cert, key, missing, "--tls-client-ca", missing, "No such file"},
      {cert, key, junk, "--tls-client-ca", junk, "no certificate"},
      {cert, key, key, "--tls-client-ca", key, "no certificate"},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(absl::StrCat(one.flag, " ", one.file, ": ", one.why));
    ConnectorOptions options = Options();
    options.flags = {"--tls-cert", one.cert, "--tls-key", one.key};
    if (!one.client_ca.empty()) {
      options.flags.insert(options.flags.end(), {"--tls-client-ca", one.client_ca});
    }
    ExpectRefused(options, {one.flag, one.file, one.why});
  }
}

TEST_F(Start, CommandLineOrEnvironmentThatDoesNotParseIsInTheLog) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> kFlags = {
      {{"--workers", "0"}, "--workers"},
      {{"--workers", "many"}, "--workers"},
      {{"--port", "70000"}, "--port"},
      {{"--staging-limit", "1"}, "--staging-limit"},
      {{"--checkpoint-interval", "-1"}, "--checkpoint-interval"},
      {{"--max-syncs", "0"}, "--max-syncs"},
      {{"--client-timeout", "0"}, "--client-timeout"},
      {{"--log-format", "xml"}, "--log-format"},
      {{"--tls-cert", "cert.pem"}, "--tls-key"},
      {{"--tls-key", "key.pem"}, "--tls-cert"},
      {{"--tls-client-ca", "ca.pem"}, "--tls-cert"},
      {{"--metrics-address", "nowhere"}, "--metrics-address"},
      {{"--unknown"}, "--unknown"},
  };
  for (const auto& [flags, named] : kFlags) {
    SCOPED_TRACE(flags.front());
    ConnectorOptions options = Options();
    options.flags = flags;
    ExpectRefused(options, {named});
  }
  for (const auto& [name, value, named] :
       {std::tuple("TRIBUTARY_WORKERS", "0", "--workers"),
        std::tuple("TRIBUTARY_STAGING_KEY_FILE", "/missing", "--staging-key-file"),
        std::tuple("TRIBUTARY_CHECKPOINT_INTERVAL", "soon", "--checkpoint-interval")}) {
    SCOPED_TRACE(name);
    ConnectorOptions options = Options();
    options.environment[name] = value;
    ExpectRefused(options, {named});
  }
}

TEST_F(Start, WithGoodTlsFilesItServesClientsThatHaveACertificate) {
  const KeyPair server = MakeKeyPair();
  const KeyPair client = MakeKeyPair();
  const std::string cert = Put("cert.pem", server.certificate);
  const std::string key = Put("key.pem", server.key);
  const std::string client_cert = Put("client_cert.pem", client.certificate);
  const std::string client_key = Put("client_key.pem", client.key);
  Scene scene({"--tls-cert", cert, "--tls-key", key, "--tls-client-ca", client_cert});
  {
    Database database(scene.source());
    AddPlainTables(database, 1, 10, 100);
  }
  const absl::Status started = scene.connector().Start();
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_EQ(Count(scene.connector(), "WARNING"), 0u) << scene.connector().Output();
  const SyncOutcome outcome =
      scene.RunSync({"--tls-ca", cert, "--tls-cert", client_cert, "--tls-key", client_key});
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  // A client without a certificate is refused; gRPC writes this to our log.
  const SyncOutcome stranger = scene.RunSync({"--tls-ca", cert, "--connect-wait-s", "2"});
  EXPECT_FALSE(stranger.ok());
  EXPECT_TRUE(Eventually([&scene] {
    for (const nlohmann::json& line : scene.connector().Log()) {
      if (line.value("library", "") == "grpc" && line.value("level", "") == "WARNING") return true;
    }
    return false;
  })) << scene.connector().Output();
  EXPECT_EQ(scene.connector().Errors(), "");
}

TEST_F(Start, CertificateThatHasExpiredIsServedAndSaidInTheLog) {
  const KeyPair pair = MakeKeyPair(-1);
  ConnectorOptions options = Options();
  options.flags = {"--tls-cert", Put("cert.pem", pair.certificate), "--tls-key",
                   Put("key.pem", pair.key)};
  Connector connector(options);
  const absl::Status started = connector.Start();
  ASSERT_TRUE(started.ok()) << started;
  const auto said = connector.Logged("a certificate is not valid today");
  ASSERT_EQ(said.size(), 1u) << connector.Output();
  EXPECT_EQ(said.front().value("error", ""), "it has expired");
  EXPECT_EQ(said.front().value("flag", ""), "--tls-cert");
}

TEST_F(Start, LibrariesSpeakThroughTheLogWhateverTheySay) {
  ConnectorOptions options = Options();
  options.environment["GRPC_VERBOSITY"] = "debug";
  options.environment["GRPC_TRACE"] = "server_channel";
  Connector connector(options);
  const absl::Status started = connector.Start();
  ASSERT_TRUE(started.ok()) << started;
  bool any = false;
  for (const nlohmann::json& line : connector.Log()) {
    ASSERT_TRUE(line.is_object()) << line;
    any = any || line.value("library", "") == "grpc";
  }
  EXPECT_TRUE(any) << connector.Output();
  EXPECT_EQ(connector.Errors(), "");
}

TEST_F(Start, VersionsOfTheProgramAndItsLibrariesAreSaid) {
  auto version = ChildProcess::Start({.program = ConnectorBinary(), .arguments = {"--version"}});
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ((*version)->Wait()->exit_code, 0);
  const std::vector<std::string> lines = (*version)->Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(absl::StartsWith(lines[0], "tributary ")) << lines[0];
  const std::string sqlite = absl::StrCat("SQLite ", sqlite3_libversion());
  EXPECT_TRUE(absl::StartsWith(lines[1], absl::StrCat("reads with ", sqlite, ", libpq ")))
      << lines[1];

  Connector connector(Options());
  ASSERT_TRUE(connector.Start().ok());
  const auto starting = connector.Logged("starting");
  ASSERT_EQ(starting.size(), 1u);
  EXPECT_EQ(absl::StrCat("reads with ", starting.front().value("reads_with", "")), lines[1]);
  EXPECT_EQ(absl::StrCat("tributary ", starting.front().value("version", "")), lines[0]);
}

}  // namespace
}  // namespace tributary::tests
