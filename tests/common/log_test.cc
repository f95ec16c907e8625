#include "common/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "absl/time/time.h"
#include "common/limits.h"

namespace tributary {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// 2026-03-04 05:06:07.089 UTC.
constexpr std::chrono::system_clock::time_point kSomeTime{std::chrono::milliseconds(1772600767089)};
constexpr LogLevel kAllLevels[] = {LogLevel::kInfo, LogLevel::kWarning, LogLevel::kSevere};

json ParseLine(const std::string& line) {
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "a line ends with its only line feed";
  return json::parse(line);
}

// What `writes` prints to stdout. The file descriptor is redirected, because Log uses neither C's
// nor C++'s streams.
std::string Captured(const std::function<void()>& writes) {
  char path[] = "/tmp/tributary-log-XXXXXX";
  const int file = mkstemp(path);
  unlink(path);
  const int saved = dup(STDOUT_FILENO);
  dup2(file, STDOUT_FILENO);
  writes();
  dup2(saved, STDOUT_FILENO);
  close(saved);
  std::string text(static_cast<std::size_t>(lseek(file, 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(file, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  close(file);
  return text;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string Line(LogFormat format, LogLevel level, std::string_view message,
                 std::vector<LogField> fields = {}, const LogOrigin& origin = {}) {
  return FormatLogLine(
      format, {.level = level, .message = message, .fields = std::move(fields), .time = kSomeTime},
      origin);
}

TEST(LogLine, JsonHasExactlyTheKeysThatFivetranReadsAndTheTime) {
  EXPECT_EQ(Line(LogFormat::kJson, LogLevel::kInfo, "listening"),
            "{\"level\":\"INFO\",\"message\":\"listening\",\"message-origin\":\"sdk_connector\","
            "\"time\":\"2026-03-04T05:06:07.089Z\"}\n");
}

TEST(LogLine, LevelsAreFivetransThree) {
  const char* names[] = {"INFO", "WARNING", "SEVERE"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ParseLine(Line(LogFormat::kJson, kAllLevels[i], "m"))["level"], names[i]);
    EXPECT_EQ(Line(LogFormat::kText, kAllLevels[i], "m"),
              "2026-03-04T05:06:07.089Z " + std::string(names[i]) + " m\n");
  }
}

TEST(LogLine, FieldsAndOriginBecomeKeys) {
  const json line = ParseLine(Line(LogFormat::kJson, LogLevel::kWarning, "worker ended",
                                   {{"worker", "3"}, {"signal", "9"}}, {"acme", "sales"}));
  EXPECT_EQ(line["worker"], "3");
  EXPECT_EQ(line["signal"], "9");
  EXPECT_EQ(line["account"], "acme");
  EXPECT_EQ(line["group"], "sales");
  EXPECT_EQ(line.size(), 8u);
}

TEST(LogLine, OriginComesFromTheEnvironmentAndIsLeftOutWhereItIsNotSet) {
  setenv("FIVETRAN_ACCOUNT_NAME", "acme", 1);
  unsetenv("FIVETRAN_GROUP_NAME");
  const LogOrigin origin = LogOriginFromEnvironment();
  unsetenv("FIVETRAN_ACCOUNT_NAME");
  const json line = ParseLine(Line(LogFormat::kJson, LogLevel::kInfo, "m", {}, origin));
  EXPECT_EQ(line["account"], "acme");
  EXPECT_FALSE(line.contains("group"));
}

TEST(LogLine, TextQuotesOnlyWhatIsNotOneWord) {
  EXPECT_EQ(Line(LogFormat::kText, LogLevel::kInfo, "say \"x\"\nnow",
                 {{"table", "main.t"}, {"error", "two words"}, {"none", ""}, {"q", "a\"b"}}),
            "2026-03-04T05:06:07.089Z INFO say \\\"x\\\"\\nnow table=main.t error=\"two words\" "
            "none=\"\" q=\"a\\\"b\"\n");
}

TEST(LogLine, HostileTextStaysOneValidLine) {
  const std::string hostile("a\"b\\c\nd\re\x01\x7f\xff\xc0\xaf\xed\xa0\x80 \0 end", 20);
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kText}) {
    const std::string line =
        Line(format, LogLevel::kInfo, hostile, {{"k", hostile}}, {hostile, hostile});
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(line.find('\r'), std::string::npos);
    EXPECT_NO_THROW(json(line).dump()) << "the line is not valid UTF-8";
  }
  EXPECT_THAT(std::string(ParseLine(Line(LogFormat::kJson, LogLevel::kInfo, hostile))["message"]),
              HasSubstr("a\"b\\c\nd\re"));
}

TEST(LogLine, LongTextsAreCutBetweenCharactersAndTheLineStaysValid) {
  for (const std::string unit : {"x", "\n", "\x01", "é", "€", "😀", "\xff", "\x80"}) {
    std::string text;
    while (text.size() < 3 * limits::kMaxLogLineBytes) text += unit;
    // Moves the cut to each byte of a character.
    for (std::size_t shift = 0; shift < 4; ++shift) {
      text.insert(0, "-");
      const std::string line =
          Line(LogFormat::kJson, LogLevel::kInfo, text, {{"k", text}}, {text, text});
      EXPECT_LE(line.size(), limits::kMaxLogLineBytes);
      const std::string message = ParseLine(line)["message"];
      EXPECT_THAT(message, HasSubstr("…"));
      if (unit != "\xff" && unit != "\x80") {
        EXPECT_THAT(message, Not(HasSubstr("\xEF\xBF\xBD"))) << unit;
      }
    }
  }
}

TEST(LogLine, FieldNamesThatFillTheLineStillGiveALine) {
  const std::string name(2 * limits::kMaxLogLineBytes, 'n');
  const std::string line = Line(LogFormat::kJson, LogLevel::kInfo, "m", {{name, "v"}});
  EXPECT_THAT(std::string(ParseLine(line)["message"]), HasSubstr("too many fields"));
}

TEST(LogBudget, LetsThroughAsManyASecondAsItsLimitAndThenCounts) {
  LogBudget budget;
  for (std::size_t i = 0; i < limits::kMaxLogLinesPerSecond; ++i) {
    EXPECT_EQ(budget.Spend(7), 0u);
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(budget.Spend(7), std::nullopt);
  EXPECT_EQ(budget.Spend(8), 5u) << "the next second begins with the number that was left out";
  EXPECT_EQ(budget.Spend(8), 0u) << "which is returned once";
}

TEST(LogBudget, EntriesLeftOutOverSeveralSecondsAddUp) {
  LogBudget budget;
  for (std::size_t i = 0; i < limits::kMaxLogLinesPerSecond + 2; ++i) budget.Spend(1);
  EXPECT_EQ(budget.Spend(100), 2u);
}

TEST(Logger, ItsFieldsStandInEachLineAndALongerOneIsAnotherValue) {
  const std::string text = Captured([] {
    const Logger supervisor = Logger().With("role", "supervisor");
    const Logger sync = supervisor.With("connection", "c1").With("table", "main.a");
    sync.Info("of a table", {{"rows", "7"}});
    sync.With("table", "main.b").Warning("of another");
    sync.Severe("of a third", {{"table", "main.c"}});
    supervisor.Info("of none");
  });
  const std::vector<std::string> lines = Lines(text);
  ASSERT_EQ(lines.size(), 4u);
  const auto fields = [&lines](std::size_t at) {
    json line = json::parse(lines[at]);
    for (const char* const key : {"level", "message", "message-origin", "time"}) {
      EXPECT_EQ(line.erase(key), 1u) << lines[at];
    }
    return line;
  };
  EXPECT_EQ(fields(0), json::parse(R"({"role": "supervisor", "connection": "c1",
                                       "table": "main.a", "rows": "7"})"));
  EXPECT_EQ(fields(1)["table"], "main.b");
  EXPECT_EQ(fields(2)["table"], "main.c");
  EXPECT_EQ(lines[2].find("main.a"), std::string::npos) << "each key occurs once";
  EXPECT_EQ(fields(3), json::parse(R"({"role": "supervisor"})"));
}

TEST(Logger, TheTimeIsNowInUtc) {
  setenv("TZ", "America/New_York", 1);
  const auto before = std::chrono::system_clock::now();
  const std::string text = Captured([] { Logger().Info("now"); });
  const auto after = std::chrono::system_clock::now();
  unsetenv("TZ");
  const std::string time = json::parse(text)["time"];
  EXPECT_THAT(time, testing::MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:]+[.][0-9][0-9][0-9]Z"));
  absl::Time said;
  std::string error;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &said, &error)) << error;
  EXPECT_GE(said, absl::FromChrono(before) - absl::Milliseconds(1));
  EXPECT_LE(said, absl::FromChrono(after));
}

TEST(Logger, LinesOfManyThreadsStayWhole) {
  const std::string text = Captured([] {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([thread] {
        for (int entry = 0; entry < 5; ++entry) {
          Logger().Warning(std::string(1000, static_cast<char>('a' + thread)));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  const std::vector<std::string> lines = Lines(text);
  EXPECT_EQ(lines.size(), 40u);
  for (const std::string& line : lines) {
    const std::string message = json::parse(line)["message"];
    EXPECT_EQ(message, std::string(1000, message[0]));
  }
}

TEST(Logger, AFloodOfOneLevelIsBoundedAndDoesNotSilenceAnother) {
  constexpr std::size_t kFlood = 50 * limits::kMaxLogLinesPerSecond;
  const std::string text = Captured([] {
    for (std::size_t i = 0; i < kFlood; ++i) Logger().Info("again");
    Logger().Severe("heard");
  });
  const std::vector<std::string> lines = Lines(text);
  EXPECT_LT(lines.size(), kFlood);
  EXPECT_THAT(lines.back(), HasSubstr("heard"));
}

TEST(Logger, FormatCanBeSet) {
  const std::string text = Captured([] {
    SetLogFormat(LogFormat::kText);
    Logger().Severe("text now", {{"a", "b"}});
    SetLogFormat(LogFormat::kJson);
    Logger().Severe("json now");
  });
  EXPECT_THAT(Lines(text), testing::ElementsAre(testing::EndsWith("SEVERE text now a=b"),
                                                HasSubstr("\"message\":\"json now\"")));
}

}  // namespace
}  // namespace tributary
