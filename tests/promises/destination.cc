#include "tests/promises/destination.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tributary::tests {
namespace {

namespace sdk = fivetran_sdk::v2;

std::int64_t BoundOr(const std::string& bound, std::int64_t otherwise) {
  std::int64_t key = otherwise;
  return bound.empty() || absl::SimpleAtoi(bound, &key) ? key : otherwise;
}

}  // namespace

std::map<std::string, Claim> ClaimsOf(const std::string& state) {
  std::map<std::string, Claim> claims;
  const auto json = nlohmann::json::parse(state, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json::json_pointer main("/tables/main");
  if (!json.is_object() || !json.contains(main)) return claims;
  for (const auto& [table, entry] : json.at(main).items()) {
    Claim& claim = claims[table];
    claim.live = entry.contains("live");
    for (const auto& range : entry.value("done", nlohmann::json::array())) {
      claim.done[BoundOr(range[0].get<std::string>(), 1)] =
          BoundOr(range[1].get<std::string>(), std::numeric_limits<std::int64_t>::max());
    }
  }
  return claims;
}

void Destination::Apply(const sdk::UpdateResponse& message) {
  if (message.has_record()) Apply(message.record());
  for (const sdk::Record& record : message.records().records()) Apply(record);
}

void Destination::Apply(const Recording& recording) {
  for (const Message& message : recording.messages) Apply(message.says);
}

void Destination::Apply(const sdk::Record& record) {
  auto& rows = tables_[record.table_name()];
  if (record.type() == sdk::TRUNCATE) {
    rows.clear();
    return;
  }
  const auto key = record.data().find("id");
  if (key == record.data().end()) return;
  const std::int64_t id = key->second.long_();
  if (record.type() == sdk::DELETE) {
    rows.erase(id);
    return;
  }
  Values& values = rows[id];
  values.clear();
  for (const auto& [name, value] : record.data()) values[name] = value.SerializeAsString();
}

absl::Status Destination::HasAllThat(const std::string& state,
                                     const std::map<std::string, std::int64_t>& last_keys) const {
  auto claims = ClaimsOf(state);
  for (const auto& [table, keys] : last_keys) {
    const Claim& claim = claims[table];
    const auto& rows = this->rows(table);
    const auto expect = [&, last = keys](std::int64_t from, std::int64_t to) {
      for (std::int64_t key = from; key < std::min(to, last + 1); ++key) {
        if (rows.contains(key)) continue;
        return absl::DataLossError(
            absl::StrCat("a state claims what was not sent: key ", key, " of ", table));
      }
      return absl::OkStatus();
    };
    if (claim.live) {
      if (absl::Status all = expect(1, keys + 1); !all.ok()) return all;
    }
    for (const auto& [from, to] : claim.done) {
      if (absl::Status part = expect(from, to); !part.ok()) return part;
    }
  }
  return absl::OkStatus();
}

const std::map<std::int64_t, Values>& Destination::rows(const std::string& table) const {
  static const std::map<std::int64_t, Values> none;
  const auto found = tables_.find(table);
  return found == tables_.end() ? none : found->second;
}

}  // namespace tributary::tests
