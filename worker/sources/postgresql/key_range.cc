#include "worker/sources/postgresql/key_range.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tributary::postgresql {

absl::StatusOr<KeyRange> KeyRange::Make(const ReadAssignment& assignment, const Access& access,
                                        const SliceView& view) {
  KeyRange range;
  for (const std::uint32_t number : access.key) {
    for (int at = 0; at < assignment.columns_size(); ++at) {
      const auto column = view.columns.find(assignment.columns(at).name());
      if (column == view.columns.end() || column->second.number != number) continue;
      range.names_.push_back(Quoted(assignment.columns(at).name()));
      range.places_.push_back(static_cast<std::size_t>(at));
    }
  }
  if (range.names_.size() != access.key.size() || range.names_.empty()) {
    return absl::NotFoundError(
        absl::StrCat("read table ", Quoted(assignment.schema(), assignment.table()),
                     ": its key is another than in the catalog; the next sync reads it by that"));
  }
  for (const auto& [bound, into] : {std::pair(&assignment.range().from(), &range.from_),
                                    std::pair(&assignment.range().to(), &range.to_)}) {
    if (bound->empty()) continue;
    auto key = ParseKeyBound(*bound, access.key.size());
    if (!key.ok()) return key.status();
    *into = *std::move(key);
  }
  return range;
}

std::string KeyRange::Columns(const std::string& alias) const {
  return absl::StrJoin(names_, ", ", [&alias](std::string* out, const std::string& name) {
    absl::StrAppend(out, alias, ".", name);
  });
}

std::string KeyRange::Compared(const std::string& alias, const char* how,
                               const std::vector<std::string>& key) const {
  // Literals without a type take that of the column that they are held against.
  const std::string columns = Columns(alias);
  const std::string values = absl::StrJoin(
      key, ", ",
      [](std::string* out, const std::string& text) { absl::StrAppend(out, Literal(text)); });
  if (names_.size() == 1) return absl::StrCat(columns, " ", how, " ", values);
  return absl::StrCat("(", columns, ") ", how, " (", values, ")");
}

std::string KeyRange::WhereAndOrder(const std::string& alias) const {
  std::vector<std::string> conditions;
  if (!from_.empty()) conditions.push_back(Compared(alias, ">=", from_));
  if (!to_.empty()) conditions.push_back(Compared(alias, "<", to_));
  return absl::StrCat(conditions.empty() ? "" : " WHERE ", absl::StrJoin(conditions, " AND "),
                      " ORDER BY ", Columns(alias));
}

std::optional<std::string> KeyRange::BoundBefore(const CopyRow& row, const RowWriter& rows) const {
  std::vector<std::string> key;
  for (const std::size_t place : places_) {
    if (row.null(place) || !rows.AppendText(place, row[place], key.emplace_back())) {
      return std::nullopt;
    }
  }
  return KeyBound(key);
}

}  // namespace tributary::postgresql
