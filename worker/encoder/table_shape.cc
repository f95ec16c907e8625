#include "worker/encoder/table_shape.h"

#include <utility>

#include "common/batch/wire.h"

namespace tributary {
namespace {

namespace sdk = fivetran_sdk::v2;

void AppendText(std::string& out, char tag, std::string_view text) {
  char length[wire::kMaxVarintBytes];
  out.push_back(tag);
  out.append(length, wire::PutVarint(length, text.size()));
  out.append(text);
}

// The keys of map entries, encoded: key tag, length, name, value tag.
std::vector<std::string> EntryKeys(const std::vector<std::string>& columns) {
  std::vector<std::string> keys;
  for (const std::string& column : columns) {
    std::string& key = keys.emplace_back();
    AppendText(key, wire::kKeyTag, column);
    key.push_back(wire::kValueTag);
  }
  return keys;
}

std::vector<std::string> NamesOf(const TableShape::Columns& columns) {
  std::vector<std::string> names;
  for (const sdk::Column& column : columns) names.push_back(column.name());
  return names;
}

std::vector<std::size_t> KeysOf(const TableShape::Columns& columns) {
  std::vector<std::size_t> keys;
  for (int at = 0; at < columns.size(); ++at) {
    if (columns[at].primary_key()) keys.push_back(static_cast<std::size_t>(at));
  }
  return keys;
}

}  // namespace

TableShape::TableShape(std::string_view schema, std::string_view table, const Columns& columns)
    : TableShape(schema, table, NamesOf(columns), KeysOf(columns)) {}

TableShape::TableShape(std::string_view schema, std::string_view table,
                       const std::vector<std::string>& columns, std::vector<std::size_t> keys)
    : keys_(std::move(keys)) {
  const std::vector<std::string> entry_keys = EntryKeys(columns);
  for (const std::string& key : entry_keys) {
    prefix_bytes_.push_back(wire::kEntryTag);
    prefix_bytes_.push_back('\0');
    prefix_bytes_.append(key);
    prefixes_.push_back({nullptr, kEntryHeadBytes + key.size()});
  }
  prefix_bytes_.append(kPieceBytes, '\0');
  const char* at = prefix_bytes_.data();
  for (Prefix& prefix : prefixes_) {
    prefix.bytes = at;
    at += prefix.size;
  }
  for (std::size_t type = 0; type < heads_.size(); ++type) {
    AppendText(heads_[type], wire::kSchemaNameTag, schema);
    AppendText(heads_[type], wire::kTableNameTag, table);
    // UPSERT is the default, which protobuf leaves out.
    if (type == sdk::UPSERT) continue;
    heads_[type].push_back(wire::kRecordTypeTag);
    heads_[type].push_back(static_cast<char>(type));
  }
  compact_template_ = std::make_shared<const CompactTemplate>(head(sdk::UPSERT), entry_keys);
}

}  // namespace tributary
