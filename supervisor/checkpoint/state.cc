#include "supervisor/checkpoint/state.h"

#include <cassert>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/checkpoint/state_reader.h"

namespace tributary {
namespace {

bool IsPlain(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') return false;
  }
  return true;
}

// Nearly every text is plain ASCII, and then costs a copy. `char` is signed on
// linux/amd64, so bytes above 0x7f are not plain; the JSON library knows them.
void AppendText(std::string& out, std::string_view text) {
  if (IsPlain(text)) {
    out += '"';
    out += text;
    out += '"';
    return;
  }
  try {
    out += nlohmann::json(text).dump();
  } catch (const nlohmann::json::type_error&) {
    assert(false && "a text of the state is not UTF-8");
    std::abort();
  }
}

template <typename Items, typename Append>
void AppendArray(std::string& out, const Items& items, const Append& append) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    append(item);
  }
  out += ']';
}

// Thousands of tables share one version, so the state holds each once.
class Versions {
 public:
  explicit Versions(const State& state) {
    for (const auto& [name, table] : state.tables) {
      if (table.version.empty()) continue;
      if (places_.emplace(table.version, list_.size()).second) list_.push_back(table.version);
    }
  }

  const std::vector<std::string_view>& list() const { return list_; }
  std::size_t Place(std::string_view version) const { return places_.at(version); }

 private:
  std::vector<std::string_view> list_;
  std::unordered_map<std::string_view, std::size_t> places_;
};

void AppendTable(std::string& out, const TableState& table, const Versions& versions) {
  assert(table.columns.size() == kDigestDigits);
  const bool copying = table.phase == Phase::kCopying;
  absl::StrAppend(&out, "{\"phase\":\"", copying ? "copying" : "live", "\",\"columns\":\"",
                  table.columns, "\"");
  if (!table.version.empty()) {
    absl::StrAppend(&out, ",\"version\":", versions.Place(table.version));
  }
  if (!table.widened.empty()) {
    out += ",\"widened\":";
    AppendArray(out, table.widened, [&out](const std::string& name) { AppendText(out, name); });
  }
  if (copying) {
    out += ",\"done\":";
    AppendArray(out, table.done.Done(), [&out](const BoundRange& range) {
      out += '[';
      AppendText(out, range.from);
      out += ',';
      AppendText(out, range.to);
      out += ']';
    });
  } else {
    assert(table.done.Done().empty());
  }
  out += '}';
}

void AppendTables(std::string& out, const State& state, const Versions& versions) {
  out += '{';
  const std::string* schema = nullptr;
  for (const auto& [name, table] : state.tables) {
    if (schema == nullptr || *schema != name.schema) {
      if (schema != nullptr) out += "},";
      AppendText(out, name.schema);
      out += ":{";
    } else {
      out += ',';
    }
    schema = &name.schema;
    AppendText(out, name.table);
    out += ':';
    AppendTable(out, table, versions);
  }
  if (schema != nullptr) out += '}';
  out += '}';
}

}  // namespace

absl::StatusOr<State> ParseState(std::string_view state_json) {
  if (state_json.find_first_not_of(" \t\r\n") == std::string_view::npos) return State{};
  if (state_json.size() > limits::kMaxStateBytes) {
    return MalformedState(absl::StrCat("it has ", state_json.size(), " bytes, and at most ",
                                       limits::kMaxStateBytes, " are allowed"));
  }
  // The library takes a NUL for the end, and would not see what follows.
  if (const std::size_t nul = state_json.find('\0'); nul != std::string_view::npos) {
    return MalformedState(absl::StrCat("it is not JSON from byte ", nul + 1, " on"));
  }
  StateReader reader;
  nlohmann::json::sax_parse(state_json, &reader);
  return std::move(reader).Finish();
}

std::string SerializeState(const State& state) {
  if (state.first_sync()) return "{}";
  assert(!state.source.engine.empty());
  assert(state.selection.size() == kDigestDigits && state.epoch.size() == kDigestDigits);
  assert(state.position <= limits::kMaxPosition);
  assert(state.staging_key.empty() || state.staging_key.size() == kStagingKeyBytes);

  const Versions versions(state);
  std::string out;
  // An ordinary live table takes less than this.
  out.reserve(1024 + 128 * state.tables.size());
  absl::StrAppend(&out, "{\"version\":", kStateVersion, ",\"source\":{\"engine\":");
  AppendText(out, state.source.engine);
  out += ",\"identity\":";
  AppendText(out, state.source.identity);
  absl::StrAppend(&out, "},\"selection\":\"", state.selection, "\",\"epoch\":\"", state.epoch,
                  "\",\"position\":", state.position);
  if (!state.staging_key.empty()) {
    absl::StrAppend(&out, ",\"staging_key\":\"", absl::Base64Escape(state.staging_key), "\"");
  }
  if (!state.complete.empty()) {
    out += ",\"complete\":";
    AppendText(out, state.complete);
    absl::StrAppend(&out, ",\"complete_tables\":", state.tables.size());
  }
  out += ",\"source_versions\":";
  AppendArray(out, versions.list(), [&out](std::string_view text) { AppendText(out, text); });
  out += ",\"tables\":";
  AppendTables(out, state, versions);
  out += '}';
  return out;
}

}  // namespace tributary
