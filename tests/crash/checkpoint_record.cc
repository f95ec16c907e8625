#include "tests/crash/checkpoint_record.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tributary::tests {
namespace {

using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;

// Bounds by rowid are decimal numbers, which can be compared; other bounds cannot.
std::optional<Ranges> RowidRanges(const nlohmann::json& done) {
  Ranges ranges;
  for (const nlohmann::json& range : done) {
    std::int64_t from = std::numeric_limits<std::int64_t>::min();
    std::int64_t to = std::numeric_limits<std::int64_t>::max();
    const auto first = range.at(0).get<std::string>();
    const auto last = range.at(1).get<std::string>();
    if (!first.empty() && !absl::SimpleAtoi(first, &from)) return std::nullopt;
    if (!last.empty() && !absl::SimpleAtoi(last, &to)) return std::nullopt;
    ranges.emplace_back(from, to);
  }
  return ranges;
}

bool Covers(const Ranges& later, const Ranges& earlier) {
  return std::all_of(earlier.begin(), earlier.end(), [&later](const auto& range) {
    return std::any_of(later.begin(), later.end(), [&range](const auto& wider) {
      return wider.first <= range.first && range.second <= wider.second;
    });
  });
}

struct Entry {
  nlohmann::json json;
  // As text; in a state it is a reference to a list of texts.
  std::string content;
};

struct Checkpoint {
  std::string epoch;
  std::uint64_t position = 0;
  std::map<std::string, Entry> tables;
};

std::optional<Checkpoint> Parse(const std::string& state) {
  const nlohmann::json json = nlohmann::json::parse(state, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("epoch")) return std::nullopt;
  Checkpoint checkpoint;
  checkpoint.epoch = json.at("epoch").get<std::string>();
  checkpoint.position = json.at("position").get<std::uint64_t>();
  for (const auto& [schema, tables] : json.at("tables").items()) {
    for (const auto& [table, entry] : tables.items()) {
      Entry& kept = checkpoint.tables[table];
      kept.json = entry;
      const nlohmann::json content = entry.value("content", nlohmann::json(""));
      kept.content = content.is_string()
                         ? content.get<std::string>()
                         : json.at("contents").at(content.get<std::size_t>()).get<std::string>();
    }
  }
  return checkpoint;
}

bool MayStartAgain(const Entry& earlier, const Entry& later) {
  return earlier.content.empty() || earlier.content != later.content ||
         earlier.json.at("columns") != later.json.at("columns") ||
         earlier.json.value("widened", nlohmann::json()) !=
             later.json.value("widened", nlohmann::json());
}

std::string Regress(const Entry& earlier, const Entry& later) {
  if (MayStartAgain(earlier, later)) return "";
  if (later.json.contains("live")) return "";
  if (earlier.json.contains("live")) return "was live and is copied again";
  const auto done = [](const Entry& entry) {
    return entry.json.value("done", nlohmann::json::array());
  };
  if (!done(earlier).empty() && done(later).empty()) return "lost all that was done";
  const auto before = RowidRanges(done(earlier));
  const auto after = RowidRanges(done(later));
  if (before && after && !Covers(*after, *before)) return "lost a range that was done";
  return "";
}

}  // namespace

std::vector<LoggedCheckpoint> ReadCheckpointLog(const std::string& file) {
  std::vector<LoggedCheckpoint> checkpoints;
  std::ifstream log(file);
  for (std::string line; std::getline(log, line);) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) continue;
    checkpoints.push_back(
        {json.at("state").get<std::string>(), json.at("rows").get<std::uint64_t>()});
  }
  return checkpoints;
}

std::optional<StreamPlace> PlaceOf(const std::string& state) {
  const std::optional<Checkpoint> checkpoint = Parse(state);
  if (!checkpoint.has_value()) return std::nullopt;
  return StreamPlace{checkpoint->epoch, checkpoint->position};
}

absl::Status CheckNeverBack(const std::string& first_state,
                            const std::vector<LoggedCheckpoint>& checkpoints,
                            const std::function<bool(const std::string&)>& in_source) {
  std::optional<Checkpoint> last;
  std::set<std::string> left;
  std::map<std::string, Entry> progress;
  for (std::size_t i = 0; i <= checkpoints.size(); ++i) {
    std::optional<Checkpoint> next = Parse(i == 0 ? first_state : checkpoints[i - 1].state);
    const auto fault = [i](const auto&... what) {
      return absl::DataLossError(absl::StrCat("checkpoint ", i, ": ", what...));
    };
    if (!next.has_value()) {
      if (i > 0) return fault("is no state");
      continue;
    }
    if (last.has_value()) {
      if (next->epoch != last->epoch) left.insert(last->epoch);
      if (left.contains(next->epoch)) return fault("epoch ", next->epoch, " comes back");
      if (next->epoch == last->epoch && next->position < last->position) {
        return fault("position ", next->position, " follows ", last->position);
      }
      for (const auto& [name, entry] : last->tables) {
        if (!next->tables.contains(name) && in_source(name)) {
          return fault("table ", name, " has lost its entry");
        }
      }
    }
    for (const auto& [name, entry] : next->tables) {
      // A table that has only begun has no content yet.
      if (entry.content.empty()) continue;
      const auto before = progress.find(name);
      const std::string regress = before == progress.end() ? "" : Regress(before->second, entry);
      if (!regress.empty()) return fault("table ", name, " ", regress);
      progress[name] = entry;
    }
    last = std::move(next);
  }
  return absl::OkStatus();
}

}  // namespace tributary::tests
