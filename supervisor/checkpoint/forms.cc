#include "supervisor/checkpoint/forms.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "supervisor/checkpoint/state.h"

namespace tributary {
namespace {

using nlohmann::json;

bool IsPlain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    // `char` is signed, so bytes above 0x7f are below 0x20 too.
    return c < 0x20 || c == 0x7f || c == '"' || c == '\\';
  });
}

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsHexDigits(std::string_view text) {
  return text.size() == kDigestDigits && std::all_of(text.begin(), text.end(), IsLowerHex);
}

// Null if `value` is not a text.
const std::string* TextOf(const json& value) { return value.get_ptr<const json::string_t*>(); }

template <typename Items, typename Append>
void AppendList(std::string& out, const Items& items, const Append& append) {
  const char* separator = "";
  for (const auto& item : items) {
    out += std::exchange(separator, ",");
    append(item);
  }
}

}  // namespace

// Nearly every text is plain ASCII and only needs a copy. The JSON library handles the others.
void AppendText(std::string& out, std::string_view text) {
  if (IsPlain(text)) {
    out += '"';
    out += text;
    out += '"';
    return;
  }
  try {
    out += json(text).dump();
  } catch (const json::type_error&) {
    assert(false && "a text of the state is not UTF-8");
    std::abort();
  }
}

std::string Text::Read(const json& json, std::string& value) const {
  const std::string* text = TextOf(json);
  if (text == nullptr) return "is not a text";
  if (text->empty() && !may_be_empty) return "is empty";
  value = *text;
  return "";
}

void Text::Write(std::string& out, const std::string& value) const {
  assert(may_be_empty || !value.empty());
  AppendText(out, value);
}

std::string HexDigits::Read(const json& json, std::string& value) const {
  const std::string* text = TextOf(json);
  if (text == nullptr || !IsHexDigits(*text)) {
    return absl::StrCat("is not ", kDigestDigits, " lower-case hexadecimal digits");
  }
  value = *text;
  return "";
}

void HexDigits::Write(std::string& out, const std::string& value) const {
  assert(IsHexDigits(value));
  absl::StrAppend(&out, "\"", value, "\"");
}

std::string ColumnsAndFile::Read(const json& json, TableState& table) const {
  const std::string* text = TextOf(json);
  const std::vector<std::string> parts =
      absl::StrSplit(text == nullptr ? std::string() : *text, '.');
  TableState read;
  read.columns = parts[0];
  std::uint64_t* const numbers[] = {&read.file_number, &read.newest_unsent_column};
  for (std::size_t at = 1; at < parts.size() && at <= std::size(numbers); ++at) {
    const std::string& part = parts[at];
    std::from_chars(part.data(), part.data() + part.size(), *numbers[at - 1], 16);
  }
  std::string written;
  if (IsHexDigits(read.columns)) Write(written, read);
  if (text == nullptr || written != absl::StrCat("\"", *text, "\"")) {
    return absl::StrCat("is not ", kDigestDigits,
                        " lower-case hexadecimal digits, or these and the numbers of a file and of "
                        "a column");
  }
  table.columns = read.columns;
  table.file_number = read.file_number;
  table.newest_unsent_column = read.newest_unsent_column;
  return "";
}

void ColumnsAndFile::Write(std::string& out, const TableState& table) const {
  assert(IsHexDigits(table.columns));
  absl::StrAppend(&out, "\"", table.columns);
  if (table.file_number > 0) absl::StrAppend(&out, ".", absl::Hex(table.file_number));
  if (table.file_number > 0 && table.newest_unsent_column > 0) {
    absl::StrAppend(&out, ".", absl::Hex(table.newest_unsent_column));
  }
  out += '"';
}

std::string Base64::Read(const json& json, std::string& value) const {
  const std::string* text = TextOf(json);
  // Base64 has several texts for some bytes; only the form that is written here is accepted.
  if (text == nullptr || !absl::Base64Unescape(*text, &value) || value.size() != bytes ||
      absl::Base64Escape(value) != *text) {
    return absl::StrCat("is not the Base64 of ", bytes, " bytes");
  }
  return "";
}

void Base64::Write(std::string& out, const std::string& value) const {
  assert(value.size() == bytes);
  absl::StrAppend(&out, "\"", absl::Base64Escape(value), "\"");
}

std::string Number::Read(const json& json, std::uint64_t& value) const {
  const auto* number = json.get_ptr<const json::number_unsigned_t*>();
  if (number == nullptr || *number > limits::kMaxPosition) {
    return absl::StrCat("is not a whole number from 0 to ", limits::kMaxPosition);
  }
  value = *number;
  return "";
}

void Number::Write(std::string& out, std::uint64_t value) const {
  assert(value <= limits::kMaxPosition);
  absl::StrAppend(&out, value);
}

std::string Decimal::Read(const json& json, std::uint64_t& value) const {
  const std::string* text = TextOf(json);
  // Numbers with leading blanks, signs or zeros are never written, so they are refused.
  if (text == nullptr || !absl::SimpleAtoi(*text, &value) || absl::StrCat(value) != *text) {
    return "is not a text with the decimal digits of a 64-bit number";
  }
  return "";
}

void Decimal::Write(std::string& out, std::uint64_t value) const {
  absl::StrAppend(&out, "\"", value, "\"");
}

std::string Seen::Read(const json& json, Snapshot& value) const {
  const std::string* text = TextOf(json);
  std::vector<std::uint64_t> numbers;
  if (text != nullptr) {
    for (const absl::string_view part : absl::StrSplit(*text, absl::ByAnyChar(":,"))) {
      std::uint64_t number = 0;
      if (!absl::SimpleAtoi(part, &number)) break;
      numbers.push_back(numbers.empty() ? number : numbers[0] + number);
    }
  }
  std::string written;
  if (numbers.size() >= 2) {
    auto made = MakeSnapshot(numbers[0], numbers[1], {numbers.begin() + 2, numbers.end()});
    if (made.ok()) {
      value = *std::move(made);
      Write(written, value);
    }
  }
  const bool is_form = text != nullptr && written == absl::StrCat("\"", *text, "\"");
  return is_form ? "" : "is not a snapshot, as 95:3:1,2 is";
}

void Seen::Write(std::string& out, const Snapshot& value) const {
  absl::StrAppend(&out, "\"", value.all_before, ":", value.none_from - value.all_before,
                  value.except.empty() ? "" : ":",
                  absl::StrJoin(value.except, ",",
                                [&value](std::string* text, std::uint64_t number) {
                                  absl::StrAppend(text, number - value.all_before);
                                }),
                  "\"");
}

std::string TextList::Read(const json& json, std::vector<std::string>& value) const {
  if (!json.is_array()) return "is not a list";
  for (const auto& item : json) {
    const std::string* text = TextOf(item);
    if (text == nullptr) return "has an entry that is not a text";
    value.push_back(*text);
  }
  return "";
}

void TextList::Write(std::string& out, const std::vector<std::string>& value) const {
  out += '[';
  AppendList(out, value, [&out](const std::string& text) { AppendText(out, text); });
  out += ']';
}

std::string TextMap::Read(const json& json, std::map<std::string, std::string>& value) const {
  if (!json.is_object()) return "is not an object";
  for (const auto& [name, item] : json.items()) {
    const std::string* text = TextOf(item);
    if (text == nullptr) return "has a member that is not a text";
    value.emplace(name, *text);
  }
  return "";
}

void TextMap::Write(std::string& out, const std::map<std::string, std::string>& value) const {
  out += '{';
  AppendList(out, value, [&out](const auto& item) {
    AppendText(out, item.first);
    out += ':';
    AppendText(out, item.second);
  });
  out += '}';
}

std::string Ranges::Read(const json& json, DoneRanges& value) const {
  if (!json.is_array()) return "is not a list";
  std::vector<BoundRange> ranges;
  for (const auto& item : json) {
    if (!item.is_array() || item.size() != 2 || TextOf(item[0]) == nullptr ||
        TextOf(item[1]) == nullptr) {
      return "has a range that is not two texts";
    }
    ranges.push_back({*TextOf(item[0]), *TextOf(item[1])});
  }
  absl::StatusOr<DoneRanges> done = DoneRanges::FromList(ranges);
  if (!done.ok()) return absl::StrCat("has ranges that do not fit: ", done.status().message());
  value = *std::move(done);
  return "";
}

void Ranges::Write(std::string& out, const DoneRanges& value) const {
  out += '[';
  AppendList(out, value.Done(), [&out](const BoundRange& range) {
    out += '[';
    AppendText(out, range.from);
    out += ',';
    AppendText(out, range.to);
    out += ']';
  });
  out += ']';
}

}  // namespace tributary
