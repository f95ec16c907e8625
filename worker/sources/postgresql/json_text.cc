#include "worker/sources/postgresql/json_text.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "worker/sources/postgresql/numbers.h"

namespace tributary::postgresql {
namespace {

// One character within a JSON string, as jsonb writes it.
void AppendEscaped(char c, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out.append("\\\"");
      break;
    case '\\':
      out.append("\\\\");
      break;
    case '\b':
      out.append("\\b");
      break;
    case '\f':
      out.append("\\f");
      break;
    case '\n':
      out.append("\\n");
      break;
    case '\r':
      out.append("\\r");
      break;
    case '\t':
      out.append("\\t");
      break;
    default:
      out.append("\\u00");
      out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kDigits[c & 15]);
  }
}

bool IsPlain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void AppendUtf8(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | code >> 6));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | code >> 12));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xf0 | code >> 18));
    out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

// A member of an object that is being written: its key, as text and as it is written, and
// where its value is in the output.
struct Member {
  std::string key;
  std::string written_key;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class JsonbWriter {
 public:
  JsonbWriter(std::string_view json, std::string& out) : rest_(json), out_(out) {}

  enum class Result { kWritten, kNotJson, kTooDeep, kTooLarge };
  Result Write() {
    if (!Value(0)) return result_;
    SkipSpace();
    return rest_.empty() ? Result::kWritten : Result::kNotJson;
  }

 private:
  bool Fail(Result result = Result::kNotJson) {
    result_ = result;
    return false;
  }
  void SkipSpace() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r"), rest_.size()));
  }
  bool Skip(char c) {
    SkipSpace();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool Value(std::size_t depth);
  bool Array(std::size_t depth);
  bool Object(std::size_t depth);
  // Writes the members that began at `start` again, in order and each key once.
  void Arrange(std::size_t start, std::vector<Member>& members);
  bool Literal(std::string_view literal);
  bool Number();
  // Its opening quote was taken. `text`: the characters themselves, where they are wanted.
  bool String(std::string& out, std::string* text);
  bool Escape(std::string& out, std::string* text);
  std::optional<std::uint32_t> TakeHex();

  std::string_view rest_;
  std::string& out_;
  Result result_ = Result::kNotJson;
};

bool JsonbWriter::Value(std::size_t depth) {
  if (depth > limits::kPostgresqlJsonDepth) return Fail(Result::kTooDeep);
  if (Skip('{')) return Object(depth);
  if (Skip('[')) return Array(depth);
  if (Skip('"')) return String(out_, nullptr);
  if (rest_.empty()) return Fail();
  switch (rest_.front()) {
    case 't':
      return Literal("true");
    case 'f':
      return Literal("false");
    case 'n':
      return Literal("null");
    default:
      return Number();
  }
}

bool JsonbWriter::Array(std::size_t depth) {
  out_.push_back('[');
  if (!Skip(']')) {
    for (bool first = true; first || Skip(','); first = false) {
      if (!first) out_.append(", ");
      if (!Value(depth + 1)) return false;
    }
    if (!Skip(']')) return Fail();
  }
  out_.push_back(']');
  return true;
}

bool JsonbWriter::Object(std::size_t depth) {
  const std::size_t start = out_.size();
  std::vector<Member> members;
  if (!Skip('}')) {
    for (bool first = true; first || Skip(','); first = false) {
      Member& member = members.emplace_back();
      if (!Skip('"') || !String(member.written_key, &member.key) || !Skip(':')) return Fail();
      out_.append(first ? "{" : ", ");
      out_.append(member.written_key);
      out_.append(": ");
      member.begin = out_.size();
      if (!Value(depth + 1)) return false;
      member.end = out_.size();
    }
    if (!Skip('}')) return Fail();
  } else {
    out_.push_back('{');
  }
  Arrange(start, members);
  out_.push_back('}');
  return true;
}

void JsonbWriter::Arrange(std::size_t start, std::vector<Member>& members) {
  const auto before = [](const Member& a, const Member& b) {
    return IsBeforeInJsonb(a.key, b.key);
  };
  bool in_order = true;
  for (std::size_t at = 1; at < members.size() && in_order; ++at) {
    in_order = before(members[at - 1], members[at]);
  }
  if (in_order) return;
  std::stable_sort(members.begin(), members.end(), before);
  const std::string written = out_.substr(start);
  out_.resize(start);
  for (std::size_t at = 0; at < members.size(); ++at) {
    // Of equal keys the last one is kept.
    if (at + 1 < members.size() && !before(members[at], members[at + 1])) continue;
    const Member& member = members[at];
    out_.append(out_.size() == start ? "{" : ", ");
    out_.append(member.written_key);
    out_.append(": ");
    out_.append(written, member.begin - start, member.end - member.begin);
  }
}

bool JsonbWriter::Literal(std::string_view literal) {
  if (!rest_.starts_with(literal)) return Fail();
  rest_.remove_prefix(literal.size());
  out_.append(literal);
  return true;
}

bool JsonbWriter::Number() {
  std::size_t at = 0;
  const auto digits = [this, &at] {
    const std::size_t from = at;
    while (at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '9') ++at;
    return at - from;
  };
  const auto is = [this, &at](char c) { return at < rest_.size() && rest_[at] == c; };
  if (is('-')) ++at;
  const bool zero = is('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return Fail();
  if (is('.')) {
    ++at;
    if (digits() == 0) return Fail();
  }
  if (is('e') || is('E')) {
    ++at;
    if (is('+') || is('-')) ++at;
    if (digits() == 0) return Fail();
  }
  const std::string_view number = rest_.substr(0, at);
  if (!AppendPlainNumber(number, out_)) out_.append(number);
  rest_.remove_prefix(at);
  // A few characters of exponent make many digits.
  return out_.size() <= limits::kMaxMessageBytes || Fail(Result::kTooLarge);
}

bool JsonbWriter::String(std::string& out, std::string* text) {
  out.push_back('"');
  for (;;) {
    std::size_t plain = 0;
    while (plain < rest_.size() && IsPlain(rest_[plain])) ++plain;
    out.append(rest_.substr(0, plain));
    if (text != nullptr) text->append(rest_.substr(0, plain));
    rest_.remove_prefix(plain);
    if (rest_.empty()) return Fail();
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '"') break;
    if (c != '\\' || !Escape(out, text)) return Fail();
  }
  out.push_back('"');
  return true;
}

std::optional<std::uint32_t> JsonbWriter::TakeHex() {
  if (rest_.size() < 4) return std::nullopt;
  std::uint32_t code = 0;
  for (const char c : rest_.substr(0, 4)) {
    const char low = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      code = code * 16 + static_cast<std::uint32_t>(c - '0');
    } else if (low >= 'a' && low <= 'f') {
      code = code * 16 + static_cast<std::uint32_t>(low - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  rest_.remove_prefix(4);
  return code;
}

bool JsonbWriter::Escape(std::string& out, std::string* text) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kCharacters = "\"\\/\b\f\n\r\t";
  if (rest_.empty()) return false;
  std::uint32_t code = 0;
  if (rest_.front() != 'u') {
    const std::size_t at = kNames.find(rest_.front());
    if (at == std::string_view::npos) return false;
    code = static_cast<unsigned char>(kCharacters[at]);
    rest_.remove_prefix(1);
  } else {
    rest_.remove_prefix(1);
    const std::string_view written = rest_.substr(0, 4);
    const auto unit = TakeHex();
    if (!unit) return false;
    code = *unit;
    if (code >= 0xd800 && code < 0xe000) {
      const std::string_view before = rest_;
      std::optional<std::uint32_t> low;
      if (code < 0xdc00 && rest_.starts_with("\\u")) {
        rest_.remove_prefix(2);
        low = TakeHex();
      }
      if (!low || *low < 0xdc00 || *low >= 0xe000) {
        // Half of a pair.
        rest_ = before;
        out.append("\\u").append(written);
        if (text != nullptr) AppendUtf8(code, *text);
        return true;
      }
      code = 0x10000 + ((code & 0x3ff) << 10) + (*low & 0x3ff);
    }
  }
  if (text != nullptr) AppendUtf8(code, *text);
  if (code < 0x80 && !IsPlain(static_cast<char>(code))) {
    AppendEscaped(static_cast<char>(code), out);
  } else {
    AppendUtf8(code, out);
  }
  return true;
}

}  // namespace

void AppendJsonEscaped(std::string_view text, std::string& out) {
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && IsPlain(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    AppendEscaped(text.front(), out);
    text.remove_prefix(1);
  }
}

void AppendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  AppendJsonEscaped(text, out);
  out.push_back('"');
}

JsonbForm AppendJsonbForm(std::string_view json, std::string& out) {
  const std::size_t before = out.size();
  switch (JsonbWriter(json, out).Write()) {
    case JsonbWriter::Result::kWritten:
      return JsonbForm::kWritten;
    case JsonbWriter::Result::kTooDeep:
      out.resize(before);
      out.append(json);
      return JsonbForm::kWritten;
    case JsonbWriter::Result::kTooLarge:
      return JsonbForm::kTooLarge;
    case JsonbWriter::Result::kNotJson:
      break;
  }
  return JsonbForm::kNotJson;
}

}  // namespace tributary::postgresql
