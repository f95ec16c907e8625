#include "supervisor/checkpoint/state_reader.h"

#include <algorithm>
#include <string_view>

#include "common/limits.h"

namespace tributary {

using nlohmann::json;

absl::Status MalformedState(const std::string& what) {
  return absl::InvalidArgumentError(
      absl::StrCat("reading the state: ", what,
                   "; pass the state of a checkpoint unchanged, or re-sync the connection to start "
                   "from the beginning"));
}

bool ReadState::HasRoomFor(const std::string& shared) {
  shared_bytes += shared.size();
  if (shared_bytes > limits::kMaxStateSharedBytes) {
    Fault(absl::StrCat("the names of schemas and the contents of its tables have more than ",
                       limits::kMaxStateSharedBytes, " bytes"));
    return false;
  }
  return true;
}

const json* StateReader::Find(const char* name, Need need) {
  const auto member = object_.find(name);
  if (member != object_.end()) return &*member;
  if (need == Need::kRequired) read_.Fault(absl::StrCat("it lacks ", name));
  return nullptr;
}

void StateReader::PhaseAndMethod(Phase& phase, Method& method) {
  const json* found = nullptr;
  for (std::size_t i = 0; i < kPhaseWords.size(); ++i) {
    const json* member = Find(kPhaseWords[i], Need::kOptional);
    if (member == nullptr) continue;
    if (found != nullptr) return read_.Fault("a table is copying and live");
    found = member;
    phase = static_cast<Phase>(i);
  }
  if (found == nullptr) return read_.Fault("a table is neither copying nor live");
  const auto word = std::find_if(kMethodWords.begin(), kMethodWords.end(),
                                 [found](std::string_view text) { return *found == text; });
  if (word == kMethodWords.end()) return read_.Fault("a table's method is unknown");
  method = static_cast<Method>(word - kMethodWords.begin());
}

void StateReader::Never(const char* name) {
  if (object_.contains(name)) read_.Fault(absl::StrCat("a live table has ", name));
}

void StateReader::SharedContents(const char* name) {
  Member(name, read_.contents, Need::kOptional, TextList{});
}

void StateReader::Content(const char* name, std::string& content) {
  const json* member = Find(name, Need::kOptional);
  if (member == nullptr) return;
  if (const auto* place = member->get_ptr<const json::number_unsigned_t*>()) {
    if (*place >= read_.contents.size()) return read_.Fault("a table's content is not in contents");
    if (read_.HasRoomFor(read_.contents[*place])) content = read_.contents[*place];
  } else {
    Member(name, content, Need::kOptional, Text{});
  }
}

void StateReader::Tables(const char* name, std::map<TableName, TableState>& tables, Need need) {
  const json* schemas = Find(name, need);
  if (schemas == nullptr) return;
  if (!schemas->is_object()) return read_.Fault(absl::StrCat(name, " is not an object"));
  for (const auto& [schema, entries] : schemas->items()) {
    if (!entries.is_object()) return read_.Fault("a schema in tables is not an object");
    for (const auto& [table, entry] : entries.items()) {
      if (!read_.HasRoomFor(schema)) return;
      // The tree has the state's order.
      const auto at = tables.emplace_hint(tables.end(), TableName{schema, table}, TableState());
      Nested("a table's entry", entry, at->second);
    }
  }
}

}  // namespace tributary
