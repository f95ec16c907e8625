// Promise 10 on the real connector: however a sync ends, no value and no secret is in its log, in
// its staging folder, in its metrics, on its status page, or where other users of the machine could
// look: the list of processes, their environment, a core dump.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/crash/scene.h"
#include "tests/metrics/scrape.h"
#include "worker/sandbox/sanitizers.h"

namespace tributary::tests {
namespace {

// This text is in each row, in keys, in wrong configurations and states, and in everything that an
// operator would call a secret.
constexpr char kValue[] = "Hypatia415";
constexpr char kPassword[] = "Sisyphus873";
// There is no such file; an operator sees its name in the log.
constexpr char kNoDatabase[] = "no_such_database.db";

std::string ReadWhole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Bytes that must not be found anywhere, in several encodings.
class Secrets {
 public:
  void Add(const std::string& bytes) {
    const std::string hex = absl::BytesToHexString(bytes);
    for (const std::string& form :
         {bytes, hex, absl::AsciiStrToUpper(hex), absl::Base64Escape(bytes)}) {
      if (std::find(forms_.begin(), forms_.end(), form) == forms_.end()) forms_.push_back(form);
    }
  }
  // The key in a client's state, which decrypts what is staged.
  void AddKeyOf(const std::string& state) {
    const nlohmann::json json = nlohmann::json::parse(state, nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(json.is_object() && json.contains("staging_key")) << state;
    std::string key;
    ASSERT_TRUE(absl::Base64Unescape(json.value("staging_key", ""), &key));
    Add(key);
  }
  bool AnyIn(std::string_view text) const {
    return std::any_of(forms_.begin(), forms_.end(), [text](const std::string& form) {
      return text.find(form) != std::string_view::npos;
    });
  }

 private:
  std::vector<std::string> forms_;
};

class Secrecy : public ::testing::TestWithParam<const char*> {
 protected:
  Secrecy() : scene_({"--metrics-address", "127.0.0.1:0", "--log-format", GetParam()}) {
    secrets_.Add(kValue);
    secrets_.Add(kPassword);
    MakeSource();
    Configure(scene_.config(), "sqlite", scene_.source());
  }
  ~Secrecy() override {
    if (HasFailure()) std::cout << connector().Output() << std::endl;
  }
  Connector& connector() { return scene_.connector(); }

  void MakeSource() {
    Database database(scene_.source());
    const auto many = [](int rows) {
      return absl::StrCat("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ",
                          rows, ") INSERT INTO ");
    };
    const std::string value = absl::StrCat("'", kValue, "'");
    const std::string hex = absl::BytesToHexString(kValue);
    database.RunAtOnce(absl::StrCat(
        "CREATE TABLE rows(id INTEGER PRIMARY KEY, text TEXT);", many(60'000), "rows SELECT i, ",
        value, " || ' ' || i || hex(randomblob(600)) FROM n;",
        // The bounds in its state are made from its keys.
        "CREATE TABLE keyed(key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;", many(20'000),
        "keyed SELECT ", value, " || printf('%06d', i), hex(randomblob(130)) FROM n;",
        // A value that widens its column; values that are sent in another form; a row that is left
        // out; a table that SQLite cannot read, and says why.
        "CREATE TABLE misfit(id INTEGER PRIMARY KEY, number INTEGER);", many(10),
        "misfit SELECT i, iif(i = 5, ", value, ", i) FROM n;",
        "CREATE TABLE odd(id INTEGER PRIMARY KEY, text TEXT);", "INSERT INTO odd VALUES(1, x'", hex,
        "'), (2, CAST(x'FF", hex, "' AS TEXT));",
        "CREATE TABLE large(id INTEGER PRIMARY KEY, text TEXT);", "INSERT INTO large VALUES(1, ",
        value, "), (2, ", value, " || hex(zeroblob(68000000)));",
        "CREATE TABLE barred(id INTEGER PRIMARY KEY, path TEXT);", "INSERT INTO barred VALUES(1, ",
        value, ");", "ALTER TABLE barred ADD COLUMN value AS (json_extract('{}', path))"));
  }
  void Configure(const std::string& file, const std::string& source, const std::string& path) {
    std::ofstream(file) << nlohmann::json{
        {"source", source}, {"database_path", path}, {"password", kPassword}, {"token", kPassword}};
  }
  // Only Update, so that no setup test fails before it.
  SyncRunOptions Update() const {
    SyncRunOptions options = scene_.Sync();
    options.skip_setup = true;
    return options;
  }
  SyncOutcome UpdateFrom(const std::string& state) const {
    SyncRunOptions options = Update();
    options.state = scene_.dir() / "other_state.json";
    std::ofstream(options.state, std::ios::trunc) << state;
    return tests::RunSync(options);
  }

  // Searches the log until now, everything in the staging folder, the metrics, and what any user
  // may read of the processes.
  void ExpectNoSecretAnywhere(const char* when) {
    SCOPED_TRACE(when);
    EXPECT_FALSE(secrets_.AnyIn(connector().Output()));
    const HttpAnswer page = Get(metrics_address_);
    EXPECT_EQ(page.status, 200);
    EXPECT_FALSE(secrets_.AnyIn(page.head + page.body)) << page.body;
    ExpectNoSecretInStatus();
    staged_bytes_ = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scene_.staging())) {
      EXPECT_FALSE(secrets_.AnyIn(entry.path().string())) << entry.path();
      if (!entry.is_regular_file()) continue;
      const std::string bytes = ReadWhole(entry.path());
      staged_bytes_ += bytes.size();
      EXPECT_FALSE(secrets_.AnyIn(bytes)) << entry.path();
    }
    std::vector<pid_t> processes = connector().workers();
    processes.push_back(connector().pid());
    for (const pid_t process : processes) {
      for (const char* const file : {"/cmdline", "/environ", "/comm", "/status", "/maps"}) {
        const std::string text = ReadWhole(absl::StrCat("/proc/", process, file));
        EXPECT_FALSE(secrets_.AnyIn(text)) << file;
      }
      // Wherever the machine's core pattern would write one, and whoever could read it there.
      const std::string bounds = ReadWhole(absl::StrCat("/proc/", process, "/limits"));
      EXPECT_TRUE(kSanitized || bounds.empty() || HasNoCores(bounds)) << bounds;
    }
    EXPECT_FALSE(secrets_.AnyIn(ReadWhole("/proc/sys/kernel/core_pattern")));
  }
  static bool HasNoCores(const std::string& bounds) {
    for (const absl::string_view line : absl::StrSplit(bounds, '\n')) {
      if (!absl::StartsWith(line, "Max core file size")) continue;
      const std::vector<absl::string_view> words =
          absl::StrSplit(line, ' ', absl::SkipWhitespace());
      return words.size() > 5 && words[4] == "0" && words[5] == "0";
    }
    return false;
  }
  // The status page and the status, with what they say about the tables of running syncs.
  void ExpectNoSecretInStatus() {
    const HttpAnswer page = Get(metrics_address_, "/");
    EXPECT_EQ(page.status, 200);
    EXPECT_FALSE(secrets_.AnyIn(page.head + page.body));
    const HttpAnswer status = Get(metrics_address_, "/status.json");
    EXPECT_EQ(status.status, 200);
    EXPECT_FALSE(secrets_.AnyIn(status.head + status.body)) << status.body;
    const nlohmann::json tree = nlohmann::json::parse(status.body);
    for (const nlohmann::json& sync : tree["running"]) {
      const HttpAnswer tables =
          Get(metrics_address_, absl::StrCat("/status.json?tables=", sync["sync"].dump()));
      EXPECT_EQ(tables.status, 200);
      EXPECT_FALSE(secrets_.AnyIn(tables.head + tables.body)) << tables.body;
      told_tables_ += nlohmann::json::parse(tables.body)["tables"].size();
    }
    told_notices_ = std::max(told_notices_, tree["notices"].size());
  }
  void Start() {
    const absl::Status started = connector().Start();
    ASSERT_TRUE(started.ok()) << started;
    const auto told = connector().WaitForLog("metrics can be scraped");
    ASSERT_TRUE(told.has_value());
    metrics_address_ = Connector::FieldOf(*told, "address");
  }

  Scene scene_;
  Secrets secrets_;
  std::string metrics_address_;
  std::uint64_t staged_bytes_ = 0;
  // How many tables the status page listed, to check that there was something to search.
  std::size_t told_tables_ = 0;
  std::size_t told_notices_ = 0;
};

TEST_P(Secrecy, NoValueAndNoKeyIsInALogOnTheDiskOrInMetricsWhateverBecomesOfASync) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_TRUE(secrets_.AnyIn(ReadWhole(scene_.source()))) << "the search works";
  // A first sync whose client stops reading until everything is staged, and is then killed.
  const auto run = scene_.InItsMidst(Update(), 0);
  run->Stop();
  ASSERT_TRUE(run->running()) << run->Wait().text;
  ASSERT_TRUE(connector().WaitForLog("reading ends").has_value());
  secrets_.AddKeyOf(ReadWhole(scene_.state()));
  ExpectNoSecretAnywhere("while a client has stopped reading");
  EXPECT_GT(staged_bytes_, 20'000'000U);
  EXPECT_TRUE(absl::StrContains(Get(metrics_address_).body, "connection=")) << "a sync is open";
  run->Kill();
  run->Wait();
  ASSERT_TRUE(connector().Stop().has_value());
  EXPECT_FALSE(secrets_.AnyIn(connector().Output()));
  ASSERT_NO_FATAL_FAILURE(Start());

  // The next sync is replayed from staging; another reads the source, with all its unusual rows.
  const SyncOutcome replayed = tests::RunSync(Update());
  EXPECT_TRUE(replayed.ok()) << replayed.text;
  EXPECT_EQ(connector().Logged("replayed from staging").size(), 1U);
  const std::string state = ReadWhole(scene_.state());
  secrets_.AddKeyOf(state);
  ExpectNoSecretAnywhere("after a replay");
  const SyncOutcome whole = UpdateFrom("{}");
  EXPECT_TRUE(whole.ok()) << whole.text;
  for (const char* const warning :
       {"main.misfit: columns hold values that do not fit", "held invalid UTF-8", "was a blob",
        "larger than the 128 MiB", "main.barred: put aside"}) {
    EXPECT_TRUE(AnyHolds(whole.warnings(), warning)) << warning;
  }
  secrets_.AddKeyOf(ReadWhole(scene_.dir() / "other_state.json"));
  ExpectNoSecretAnywhere("after a whole sync");

  // Syncs that end with a Task.
  const std::string wrong = scene_.dir() / "wrong.json";
  Configure(wrong, kPassword, kValue);
  SyncRunOptions options = Update();
  options.config = wrong;
  EXPECT_NE(tests::RunSync(options).task(), "");
  nlohmann::json other = nlohmann::json::parse(state);
  other["source"]["identity"] = kValue;
  EXPECT_TRUE(absl::StrContains(UpdateFrom(other.dump()).task(), "another source"));
  ExpectNoSecretAnywhere("after a task");

  // States that do not parse.
  other = nlohmann::json::parse(state);
  other["staging_key"] = other.value("staging_key", "") + "x";
  for (const std::string& malformed :
       {other.dump(), state + kValue, absl::StrCat("{\"version\": ", kValue, "}"),
        absl::StrCat("{\"version\": \"", kValue, "\"}")}) {
    EXPECT_EQ(UpdateFrom(malformed).grpc_code(), "INVALID_ARGUMENT") << malformed;
  }
  EXPECT_EQ(connector().Logged("sync refused").size(), 4U);
  ExpectNoSecretAnywhere("after a malformed state");

  // Setup tests and Schema that fail; their texts may name what the user gave.
  options = scene_.Sync();
  const SyncOutcome unread = tests::RunSync(options);
  EXPECT_TRUE(absl::StrContains(unread.text, "barred")) << unread.text;
  Configure(wrong, "sqlite", kNoDatabase);
  options.config = wrong;
  const SyncOutcome untested = tests::RunSync(options);
  EXPECT_TRUE(absl::StrContains(untested.text, "there is no such file")) << untested.text;
  options.skip_setup = true;
  options.warehouse = scene_.dir() / "other_warehouse.db";
  const SyncOutcome undescribed = tests::RunSync(options);
  EXPECT_EQ(undescribed.grpc_code(), "FAILED_PRECONDITION") << undescribed.text;
  ExpectNoSecretAnywhere("after setup calls that failed");

  const auto ending = connector().Stop();
  ASSERT_TRUE(ending.has_value());
  EXPECT_EQ(ending->exit_code, 0);
  EXPECT_FALSE(secrets_.AnyIn(connector().Output()));
  EXPECT_GT(told_tables_, 0U);
  EXPECT_GT(told_notices_, 0U);
  EXPECT_EQ(connector().Log().front().is_object(), std::string_view(GetParam()) == "json");
}

INSTANTIATE_TEST_SUITE_P(Formats, Secrecy, ::testing::Values("json", "text"),
                         [](const auto& format) { return std::string(format.param); });

}  // namespace
}  // namespace tributary::tests
