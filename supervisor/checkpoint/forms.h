// How members of the state are written. Each form reads what it writes; for anything else it says
// what is wrong, without quoting it.
#ifndef TRIBUTARY_SUPERVISOR_CHECKPOINT_FORMS_H_
#define TRIBUTARY_SUPERVISOR_CHECKPOINT_FORMS_H_

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/limits.h"
#include "common/snapshot.h"
#include "supervisor/checkpoint/done_ranges.h"
#include "supervisor/checkpoint/state.h"

namespace tributary {

// Appends `text` in quotes. A text that is not UTF-8 ends the process.
void AppendText(std::string& out, std::string_view text);

// Read returns what is wrong with `json`, as the end of a sentence that begins with the member's
// name. Empty: nothing is wrong, and `value` is set.

struct Text {
  bool may_be_empty = true;
  std::string Read(const nlohmann::json& json, std::string& value) const;
  void Write(std::string& out, const std::string& value) const;
};

// A digest or an epoch's id: kDigestDigits lower-case hexadecimal digits.
struct HexDigits {
  std::string Read(const nlohmann::json& json, std::string& value) const;
  void Write(std::string& out, const std::string& value) const;
};

// A table's `columns` and, if it is known, its `file_number` after a dot, and then
// `newest_unsent_column` after another; in lower-case hexadecimal digits: short, as each table has
// them.
struct ColumnsAndFile {
  std::string Read(const nlohmann::json& json, TableState& table) const;
  void Write(std::string& out, const TableState& table) const;
};

// Bytes in the only Base64 that encodes them.
struct Base64 {
  std::size_t bytes;
  std::string Read(const nlohmann::json& json, std::string& value) const;
  void Write(std::string& out, const std::string& value) const;
};

// A number that every JSON reader keeps exact.
struct Number {
  std::string Read(const nlohmann::json& json, std::uint64_t& value) const;
  void Write(std::string& out, std::uint64_t value) const;
};

// A number of the source, up to 64 bits: its decimal digits, as text.
struct Decimal {
  std::string Read(const nlohmann::json& json, std::uint64_t& value) const;
  void Write(std::string& out, std::uint64_t value) const;
};

// What a reader sees: all_before, and as what is to be added to it none_from and the exceptions:
// "95:3:1,2".
struct Seen {
  std::string Read(const nlohmann::json& json, Snapshot& value) const;
  void Write(std::string& out, const Snapshot& value) const;
};

struct TextList {
  std::string Read(const nlohmann::json& json, std::vector<std::string>& value) const;
  void Write(std::string& out, const std::vector<std::string>& value) const;
};

struct TextMap {
  std::string Read(const nlohmann::json& json, std::map<std::string, std::string>& value) const;
  void Write(std::string& out, const std::map<std::string, std::string>& value) const;
};

// A list of [from, to].
struct Ranges {
  std::string Read(const nlohmann::json& json, DoneRanges& value) const;
  void Write(std::string& out, const DoneRanges& value) const;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CHECKPOINT_FORMS_H_
