#include "worker/sources/sqlite/identity.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tributary::sqlite {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kShortForm = "sqlite:";

std::optional<Identity> ParseShortForm(std::string_view text) {
  text.remove_prefix(kShortForm.size());
  const std::size_t colon = text.rfind(':');
  Identity identity;
  if (colon == std::string_view::npos ||
      !absl::SimpleAtoi(absl::string_view(text.data() + colon + 1, text.size() - colon - 1),
                        &identity.application_id)) {
    return std::nullopt;
  }
  identity.path = text.substr(0, colon);
  return identity;
}

std::string Place(const Identity& identity) {
  const bool as_named = identity.file.empty() || identity.file == identity.path;
  return absl::StrCat("\"", identity.path, "\"",
                      as_named ? "" : absl::StrCat(" (\"", identity.file, "\")"));
}

}  // namespace

std::string Identity::Text() const {
  return Json{{"application_id", application_id}, {"file", file}, {"path", path}}.dump();
}

std::optional<Identity> ParseIdentity(std::string_view text) {
  if (text.starts_with(kShortForm)) return ParseShortForm(text);
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.size() != 3) return std::nullopt;
  const auto id = json.find("application_id");
  const auto file = json.find("file");
  const auto path = json.find("path");
  if (id == json.end() || !id->is_number_unsigned() || file == json.end() || !file->is_string() ||
      path == json.end() || !path->is_string()) {
    return std::nullopt;
  }
  return Identity{.application_id = id->get<std::uint32_t>(),
                  .path = path->get<std::string>(),
                  .file = file->get<std::string>()};
}

std::string ChangeOf(const Identity& known, const Identity& now) {
  std::vector<std::string> changes;
  const bool same_file = !known.file.empty() && known.file == now.file;
  if (!same_file && known.path != now.path) {
    changes.push_back(absl::StrCat("the database file was ", Place(known), " and is ", Place(now)));
  }
  if (known.application_id != now.application_id) {
    changes.push_back(absl::StrCat("the application_id in it was ", known.application_id,
                                   " and is ", now.application_id));
  }
  return absl::StrJoin(changes, ", and ");
}

}  // namespace tributary::sqlite
