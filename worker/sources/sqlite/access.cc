#include "worker/sources/sqlite/access.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/text.h"
#include "worker/sources/sqlite/connection.h"
#include "worker/sources/sqlite/conversion.h"

namespace tributary::sqlite {
namespace {

using Json = nlohmann::json;

constexpr char kPastLastRowid[] = "9223372036854775808";

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("read table: its ", what,
                   " in the state is not understood; sync the table again from the beginning"));
}

Json Hex(const char* kind, const std::string& bytes) {
  return Json::object({{kind, absl::BytesToHexString(bytes)}});
}

Json ToJson(const KeyValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* real = std::get_if<double>(&value)) {
    return Json::object({{"r", absl::StrFormat("%016x", std::bit_cast<std::uint64_t>(*real))}});
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    const bool plain = text->find('\0') == std::string::npos && IsUtf8(*text);
    return plain ? Json(*text) : Hex("t", *text);
  }
  if (const auto* text = std::get_if<Utf16>(&value)) return Hex("u", text->bytes);
  if (const auto* blob = std::get_if<Blob>(&value)) return Hex("b", blob->bytes);
  return nullptr;
}

bool FromJson(const Json& json, KeyValue& value) {
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) return false;
  if (json.is_number_integer()) {
    value = json.get<std::int64_t>();
    return true;
  }
  if (json.is_string()) {
    value = json.get<std::string>();
    return true;
  }
  if (!json.is_object() || json.size() != 1 || !json.begin().value().is_string()) return false;
  const std::string& kind = json.begin().key();
  const auto& hex = json.begin().value().get_ref<const std::string&>();
  const bool is_hex = hex.size() % 2 == 0 && std::all_of(hex.begin(), hex.end(), [](char c) {
                        return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f');
                      });
  if (!is_hex) return false;
  if (kind == "r") {
    std::uint64_t bits = 0;
    if (hex.size() != 16 || !absl::SimpleHexAtoi(hex, &bits)) return false;
    const double real = std::bit_cast<double>(bits);
    value = real;
    return !std::isnan(real);
  }
  std::string bytes = absl::HexStringToBytes(hex);
  if (kind == "t") {
    value = std::move(bytes);
  } else if (kind == "u") {
    value = Utf16{std::move(bytes)};
  } else if (kind == "b") {
    value = Blob{std::move(bytes)};
  } else {
    return false;
  }
  return true;
}

int BindValue(sqlite3_stmt* statement, int parameter, const KeyValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, parameter, *number);
  }
  if (const auto* real = std::get_if<double>(&value)) {
    return sqlite3_bind_double(statement, parameter, *real);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return sqlite3_bind_text64(statement, parameter, text->data(), text->size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  }
  if (const auto* text = std::get_if<Utf16>(&value)) {
    return sqlite3_bind_text64(statement, parameter, text->bytes.data(), text->bytes.size(),
                               SQLITE_TRANSIENT, SQLITE_UTF16);
  }
  if (const auto* blob = std::get_if<Blob>(&value)) {
    // An empty blob with a null address would be bound as NULL.
    return sqlite3_bind_blob64(statement, parameter, blob->bytes.c_str(), blob->bytes.size(),
                               SQLITE_TRANSIENT);
  }
  return sqlite3_bind_null(statement, parameter);
}

std::string Parameter(int number) { return absl::StrCat("?", number); }

// Row values compare in one index seek, which needs one direction for all columns.
bool OneDirection(const std::vector<KeyColumn>& key) {
  return std::all_of(key.begin(), key.end(), [&key](const KeyColumn& column) {
    return column.descending == key.front().descending;
  });
}

std::string Comparison(const std::vector<KeyColumn>& key, const std::vector<std::string>& left,
                       bool behind, int first) {
  std::vector<std::string> right;
  for (std::size_t at = 0; at < key.size(); ++at) {
    right.push_back(Parameter(first + static_cast<int>(at)));
  }
  if (OneDirection(key)) {
    const bool up = behind != key.front().descending;
    const absl::string_view sign = behind ? (up ? ">" : "<") : (up ? ">=" : "<=");
    return absl::StrCat("(", absl::StrJoin(left, ","), ")", sign, "(", absl::StrJoin(right, ","),
                        ")");
  }
  // Directions differ: compares column by column, with a plain condition on the first column that
  // an index can use.
  const auto sign = [&key, behind](std::size_t at) {
    return behind != key[at].descending ? ">" : "<";
  };
  std::vector<std::string> ways;
  std::string equal;
  for (std::size_t at = 0; at < key.size(); ++at) {
    const bool closed = !behind && at + 1 == key.size();
    ways.push_back(absl::StrCat(equal, left[at], sign(at), closed ? "=" : "", right[at]));
    absl::StrAppend(&equal, left[at], "=", right[at], " AND ");
  }
  return absl::StrCat(left[0], sign(0), "=", right[0], " AND (", absl::StrJoin(ways, " OR "), ")");
}

std::string Collated(const std::string& operand, const KeyColumn& column) {
  return absl::StrCat(operand, " COLLATE ", Quoted(column.collation));
}

// Without a COLLATE that has no effect: SQLite uses an index only for plain columns.
std::string Operand(const KeyColumn& column) {
  const std::string name = Quoted(column.name);
  return column.own_collation ? name : Collated(name, column);
}

}  // namespace

std::string Access::Text() const {
  Json json = Json::object();
  if (by == By::kRowid) json["rowid"] = rowid;
  if (by == By::kKey) {
    for (const KeyColumn& column : key) {
      json["key"].push_back(
          {column.name, column.descending, column.collation, column.own_collation});
    }
  }
  json["root"] = root_page;
  json["at"] = version;
  return json.dump();
}

bool Access::SameOrder(const Access& other) const {
  return by == other.by && rowid == other.rowid && key == other.key;
}

absl::StatusOr<Access> ParseAccess(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Malformed("access");
  Access access;
  for (const auto& [name, member] : json.items()) {
    if (name == "root" && member.is_number_unsigned()) {
      access.root_page = member.get<std::uint32_t>();
    } else if (name == "at" && member.is_string()) {
      access.version = member.get<std::string>();
    } else if (name == "rowid" && member.is_string()) {
      access.by = Access::By::kRowid;
      access.rowid = member.get<std::string>();
    } else if (name == "key" && member.is_array() && !member.empty()) {
      access.by = Access::By::kKey;
      for (const Json& column : member) {
        if (!column.is_array() || column.size() != 4 || !column[0].is_string() ||
            !column[1].is_boolean() || !column[2].is_string() || !column[3].is_boolean()) {
          return Malformed("access");
        }
        access.key.push_back({column[0], column[1], column[2], column[3]});
      }
    } else {
      return Malformed("access");
    }
  }
  return access;
}

std::string KeyBound(const Key& key) {
  Json json = Json::array();
  for (const KeyValue& value : key) json.push_back(ToJson(value));
  return json.dump();
}

absl::StatusOr<Key> ParseKeyBound(std::string_view bound, std::size_t columns) {
  const Json json = Json::parse(bound, nullptr, false);
  if (!json.is_array() || json.size() != columns) return Malformed("bound");
  Key key(columns);
  for (std::size_t at = 0; at < columns; ++at) {
    if (!FromJson(json[at], key[at])) return Malformed("bound");
  }
  return key;
}

absl::Status BindKey(sqlite3_stmt* statement, int first_parameter, const Key& key) {
  for (std::size_t at = 0; at < key.size(); ++at) {
    if (BindValue(statement, first_parameter + static_cast<int>(at), key[at]) != SQLITE_OK) {
      return absl::ResourceExhaustedError(
          "read table: out of memory for a bound; give tributary more memory");
    }
  }
  return absl::OkStatus();
}

Key ReadKey(sqlite3_stmt* statement, int first, std::size_t columns, bool utf16) {
  Key key(columns);
  for (std::size_t at = 0; at < columns; ++at) {
    const int column = first + static_cast<int>(at);
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_INTEGER:
        key[at] = static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
        break;
      case SQLITE_FLOAT:
        key[at] = sqlite3_column_double(statement, column);
        break;
      case SQLITE_TEXT:
        if (utf16) {
          const auto* text = static_cast<const char*>(sqlite3_column_text16(statement, column));
          const int bytes = sqlite3_column_bytes16(statement, column);
          key[at] = Utf16{{text, static_cast<std::size_t>(bytes)}};
        } else {
          key[at] = ColumnText(statement, column);
        }
        break;
      case SQLITE_BLOB: {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
        const int size = sqlite3_column_bytes(statement, column);
        key[at] = Blob{bytes == nullptr ? "" : std::string(bytes, static_cast<std::size_t>(size))};
        break;
      }
      default:
        break;
    }
  }
  return key;
}

bool CanBeBound(const Key& key) {
  return std::none_of(key.begin(), key.end(), [](const KeyValue& value) {
    if (const auto* real = std::get_if<double>(&value)) return std::isnan(*real);
    if (const auto* text = std::get_if<Utf16>(&value)) {
      return text->bytes.starts_with("\xff\xfe") || text->bytes.starts_with("\xfe\xff") ||
             text->bytes.size() % 2 != 0;
    }
    return std::holds_alternative<std::monostate>(value);
  });
}

absl::StatusOr<RowidRange> ParseRowidRange(const std::string& from, const std::string& to) {
  RowidRange range;
  if (from == kPastLastRowid) {
    range.empty = true;
  } else if (!from.empty() && !absl::SimpleAtoi(from, &range.first)) {
    return Malformed("bound");
  }
  if (!to.empty() && to != kPastLastRowid) {
    if (!absl::SimpleAtoi(to, &range.last)) return Malformed("bound");
    if (range.last == INT64_MIN) {
      range.empty = true;
    } else {
      --range.last;
    }
  }
  range.empty = range.empty || range.first > range.last;
  return range;
}

std::string RowidBound(std::int64_t rowid) {
  return rowid == INT64_MAX ? kPastLastRowid : absl::StrCat(rowid + 1);
}

std::string KeyCondition(const std::vector<KeyColumn>& key, bool behind, int first_parameter) {
  std::vector<std::string> left;
  for (const KeyColumn& column : key) left.push_back(Operand(column));
  return Comparison(key, left, behind, first_parameter);
}

std::string KeysCondition(const std::vector<KeyColumn>& key, bool behind, int left_parameter,
                          int first_parameter) {
  std::vector<std::string> left;
  for (const KeyColumn& column : key) {
    left.push_back(Collated(Parameter(left_parameter++), column));
  }
  return Comparison(key, left, behind, first_parameter);
}

std::string KeyColumns(const std::vector<KeyColumn>& key) {
  return absl::StrJoin(key, ",", [](std::string* out, const KeyColumn& column) {
    absl::StrAppend(out, Quoted(column.name));
  });
}

std::string KeyOrder(const std::vector<KeyColumn>& key, bool backwards) {
  return absl::StrJoin(key, ",", [backwards](std::string* out, const KeyColumn& column) {
    absl::StrAppend(out, Operand(column), column.descending != backwards ? " DESC" : "");
  });
}

}  // namespace tributary::sqlite
