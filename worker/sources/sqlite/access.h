// How a table is read: by which key its rows are ordered, and what a bound of a
// range looks like. Both pass through the supervisor as text that only this folder interprets.
//
// Access is a JSON object: {"rowid":"_rowid_"}, {"key":[["name",descending,
// "collation",own]]} or {} (no order that a bound could name), each with "root", the
// table's root page, which is used to estimate sizes and never trusted, and "at", the version of
// the content with this root page.
//
// A bound by rowid is a decimal: the first rowid after the cut. A bound by key is a JSON array of
// the last key before the cut: integers as numbers, text as strings, everything else as an object
// of one member: "r" a real's bits, "b" a blob, "t" text that is not plain UTF-8, "u" UTF-16 text
// in the machine's byte order, all in hex.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_ACCESS_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_ACCESS_H_

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary::sqlite {

struct KeyColumn {
  std::string name;
  bool descending = false;
  std::string collation;
  // The key's collation is the column's own collation.
  bool own_collation = true;

  bool operator==(const KeyColumn&) const = default;
};

struct Access {
  enum class By { kScan, kRowid, kKey };
  By by = By::kScan;
  // The name by which the rowid can be read: rowid, oid, _rowid_ or a column's.
  std::string rowid;
  std::vector<KeyColumn> key;
  std::uint32_t root_page = 0;
  // If another version is read, the table may have changed (schema.h, CheckAccess).
  std::string version;

  std::string Text() const;
  // Whether bounds of one are bounds of the other.
  bool SameOrder(const Access& other) const;
};
absl::StatusOr<Access> ParseAccess(std::string_view text);

struct Utf16 {
  std::string bytes;
  bool operator==(const Utf16&) const = default;
};
struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};
// A value exactly as SQLite stores it.
using KeyValue = std::variant<std::monostate, std::int64_t, double, std::string, Utf16, Blob>;
using Key = std::vector<KeyValue>;

std::string KeyBound(const Key& key);
absl::StatusOr<Key> ParseKeyBound(std::string_view bound, std::size_t columns);
absl::Status BindKey(sqlite3_stmt* statement, int first_parameter, const Key& key);
// From `first` on; `utf16`: text is read in the database's own UTF-16.
Key ReadKey(sqlite3_stmt* statement, int first, std::size_t columns, bool utf16);
// Whether binding it to a statement gives exactly the key that was read: not null, which cannot be
// compared; not NaN, which SQLite binds as null; and not UTF-16 text that begins with a byte order
// mark or ends in half a character, which SQLite removes.
bool CanBeBound(const Key& key);

struct RowidRange {
  std::int64_t first = INT64_MIN;
  std::int64_t last = INT64_MAX;
  bool empty = false;
};
absl::StatusOr<RowidRange> ParseRowidRange(const std::string& from, const std::string& to);
// The bound after `rowid`.
std::string RowidBound(std::int64_t rowid);

// SQL that is true for keys after the key in the parameters from `first_parameter` on (`behind`),
// or for that key and those before it.
std::string KeyCondition(const std::vector<KeyColumn>& key, bool behind, int first_parameter);
// The same between two keys, both in parameters.
std::string KeysCondition(const std::vector<KeyColumn>& key, bool behind, int left_parameter,
                          int first_parameter);
std::string KeyColumns(const std::vector<KeyColumn>& key);
// `backwards`: from the last key to the first.
std::string KeyOrder(const std::vector<KeyColumn>& key, bool backwards = false);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_ACCESS_H_
