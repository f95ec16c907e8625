#include "supervisor/checkpoint/state.h"

#include <cassert>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/checkpoint/state_members.h"
#include "supervisor/checkpoint/state_reader.h"
#include "supervisor/checkpoint/state_writer.h"

namespace tributary {
namespace {

using nlohmann::json;

struct Extent {
  std::size_t depth = 0;
  // Every member has a colon.
  std::size_t members = 0;
};

// The depth of a JSON text and an upper bound of its members; any numbers if it is not JSON.
// Checked before a tree is built of it.
Extent ExtentOf(std::string_view text) {
  Extent extent;
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '{' || c == '[') extent.depth = std::max(extent.depth, ++depth);
    if ((c == '}' || c == ']') && depth > 0) --depth;
    if (c == ':') ++extent.members;
  }
  return extent;
}

std::size_t MembersIn(const json& tree) {
  std::size_t members = tree.is_object() ? tree.size() : 0;
  if (!tree.is_structured()) return 0;
  for (const json& part : tree) members += MembersIn(part);
  return members;
}

absl::Status CheckVersion(const json& tree) {
  const auto found = tree.find("version");
  if (found == tree.end()) return MalformedState("it lacks version");
  const auto* version = found->get_ptr<const json::number_unsigned_t*>();
  if (version == nullptr || *version == 0) return MalformedState("version is not a whole number");
  if (*version == kStateVersion) return absl::OkStatus();
  const char* cure = *version > kStateVersion
                         ? "; deploy the tributary that wrote it, or a newer one, or re-sync the "
                           "connection to start from the beginning"
                         : "; re-sync the connection to start from the beginning";
  return absl::FailedPreconditionError(absl::StrCat("reading the state: it is of version ",
                                                    *version, " and this tributary knows version ",
                                                    kStateVersion, cure));
}

absl::StatusOr<State> ReadTree(const json& tree, std::size_t members) {
  if (!tree.is_object()) return MalformedState("the whole is not an object");
  if (tree.empty()) return State();
  const absl::Status version = CheckVersion(tree);
  if (!version.ok()) return version;
  // If two members have one name, the tree has the last.
  if (MembersIn(tree) != members) return MalformedState("it has a member twice in one place");
  State state;
  ReadState read;
  StateReader reader(tree, read);
  Members(reader, state);
  if (!read.fault.ok()) return read.fault;
  return state;
}

}  // namespace

absl::StatusOr<State> ParseState(std::string_view state_json) {
  if (state_json.size() > limits::kMaxStateBytes) {
    return MalformedState(absl::StrCat("it has ", state_json.size(), " bytes, and at most ",
                                       limits::kMaxStateBytes, " are read"));
  }
  if (state_json.find_first_not_of(" \t\r\n") == std::string_view::npos) return State();
  // The library treats a NUL as the end of the text.
  if (const std::size_t nul = state_json.find('\0'); nul != std::string_view::npos) {
    return MalformedState(absl::StrCat("it is not JSON from byte ", nul + 1, " on"));
  }
  const Extent extent = ExtentOf(state_json);
  if (extent.depth > limits::kMaxStateDepth) {
    return MalformedState(absl::StrCat("it is nested deeper than ", limits::kMaxStateDepth));
  }
  // The library's error texts quote the content, so only the place is reported.
  try {
    return ReadTree(json::parse(state_json), extent.members);
  } catch (const json::parse_error& error) {
    return MalformedState(absl::StrCat("it is not JSON from byte ", error.byte, " on"));
  } catch (const json::out_of_range&) {
    return MalformedState("it is not JSON: a number is out of range");
  }
}

std::string SerializeState(const State& state) {
  if (state.first_sync()) return "{}";
  std::string out;
  // An ordinary live table takes less than this.
  out.reserve(1024 + 128 * state.tables.size());
  const ContentsToWrite contents(state.tables);
  {
    StateWriter writer(out, contents);
    Members(writer, state);
  }
  return out;
}

}  // namespace tributary
