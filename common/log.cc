#include "common/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>

#include "absl/time/time.h"
#include "common/limits.h"
#include "common/text.h"

namespace tributary {
namespace {

constexpr std::size_t kLevels = 3;

static_assert(limits::kMaxLogLineBytes <= PIPE_BUF);

std::atomic<LogFormat> log_format{LogFormat::kJson};

std::string_view Name(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kSevere:
      return "SEVERE";
  }
  std::abort();
}

std::string Dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// In text format, only values that are not one word are quoted.
std::string TextValue(const std::string& value) {
  std::string quoted = Dump(value);
  const bool one_word = !value.empty() && quoted.size() == value.size() + 2 &&
                        value.find_first_of(" =") == std::string::npos;
  return one_word ? value : quoted;
}

std::string TextMessage(const std::string& message) {
  const std::string quoted = Dump(message);
  return quoted.substr(1, quoted.size() - 2);
}

std::string TimeText(std::chrono::system_clock::time_point time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromChrono(time), absl::UTCTimeZone());
}

// `bytes` bounds each text of the line.
std::string Format(LogFormat format, const LogEntry& entry, const LogOrigin& origin,
                   std::size_t bytes) {
  std::string line;
  const auto add = [&](std::string_view key, std::string_view value) {
    if (format == LogFormat::kJson) {
      line += "," + Dump(key) + ":" + Dump(Shortened(value, bytes));
    } else {
      line += " " + std::string(key) + "=" + TextValue(Shortened(value, bytes));
    }
  };
  const std::string time = TimeText(entry.time);
  if (format == LogFormat::kJson) {
    line = "{\"level\":" + Dump(Name(entry.level)) +
           ",\"message\":" + Dump(Shortened(entry.message, bytes)) +
           ",\"message-origin\":\"sdk_connector\"";
    add("time", time);
  } else {
    line = time + " " + std::string(Name(entry.level)) + " " +
           TextMessage(Shortened(entry.message, bytes));
  }
  for (const auto& [key, value] : entry.fields) add(key, value);
  if (!origin.account.empty()) add("account", origin.account);
  if (!origin.group.empty()) add("group", origin.group);
  line += format == LogFormat::kJson ? "}\n" : "\n";
  return line;
}

void WriteLine(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = write(STDOUT_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::uint64_t MonotonicSecond() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

// Each level has a budget of its own: a flood of one cannot silence another.
std::optional<std::uint64_t> Spend(LogLevel level) {
  static std::mutex mutex;
  static std::array<LogBudget, kLevels> budgets;
  const std::uint64_t second = MonotonicSecond();
  const std::lock_guard lock(mutex);
  return budgets[static_cast<std::size_t>(level)].Spend(second);
}

}  // namespace

void SetLogFormat(LogFormat format) { log_format.store(format, std::memory_order_relaxed); }

LogOrigin LogOriginFromEnvironment() {
  const auto read = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  return {read("FIVETRAN_ACCOUNT_NAME"), read("FIVETRAN_GROUP_NAME")};
}

std::string FormatLogLine(LogFormat format, const LogEntry& entry, const LogOrigin& origin) {
  // Escapes can make a text six times as long, so what fits is found by trying.
  for (std::size_t bytes = limits::kMaxLogLineBytes; bytes > 0; bytes /= 2) {
    std::string line = Format(format, entry, origin, bytes);
    if (line.size() <= limits::kMaxLogLineBytes) return line;
  }
  return Format(format,
                {.level = entry.level,
                 .message = "a log entry has too many fields",
                 .fields = {},
                 .time = entry.time},
                {}, limits::kMaxLogLineBytes);
}

std::optional<std::uint64_t> LogBudget::Spend(std::uint64_t second) {
  if (second != second_) {
    second_ = second;
    spent_ = 0;
  }
  if (spent_ >= limits::kMaxLogLinesPerSecond) {
    ++left_out_;
    return std::nullopt;
  }
  ++spent_;
  return std::exchange(left_out_, 0);
}

Logger Logger::With(std::string_view key, std::string_view value) const {
  Logger longer = *this;
  for (auto& [known, old] : longer.fields_) {
    if (known != key) continue;
    old = value;
    return longer;
  }
  longer.fields_.emplace_back(key, value);
  return longer;
}

void Logger::Info(std::string_view message, std::initializer_list<LogField> fields) const {
  Write(LogLevel::kInfo, message, fields);
}

void Logger::Warning(std::string_view message, std::initializer_list<LogField> fields) const {
  Write(LogLevel::kWarning, message, fields);
}

void Logger::Severe(std::string_view message, std::initializer_list<LogField> fields) const {
  Write(LogLevel::kSevere, message, fields);
}

void Logger::Write(LogLevel level, std::string_view message,
                   std::initializer_list<LogField> fields) const {
  static const LogOrigin origin = LogOriginFromEnvironment();
  const std::optional<std::uint64_t> left_out = Spend(level);
  if (!left_out.has_value()) return;
  const LogFormat format = log_format.load(std::memory_order_relaxed);
  LogEntry entry{.level = level,
                 .message = message,
                 .fields = {fields_.begin(), fields_.end()},
                 .time = std::chrono::system_clock::now()};
  for (const LogField& field : fields) {
    const auto same =
        std::find_if(entry.fields.begin(), entry.fields.end(),
                     [&field](const LogField& one) { return one.first == field.first; });
    if (same != entry.fields.end()) {
      same->second = field.second;
    } else {
      entry.fields.push_back(field);
    }
  }
  if (*left_out > 0) {
    const std::string count = std::to_string(*left_out);
    WriteLine(FormatLogLine(format,
                            {.level = level,
                             .message = "entries of this level were left out: too many per second",
                             .fields = {{"entries", count}},
                             .time = entry.time},
                            origin));
  }
  WriteLine(FormatLogLine(format, entry, origin));
}

}  // namespace tributary
