#include "tests/sync_tester/json_syntax.h"

#include <cstddef>
#include <string>

namespace tributary::tester {

namespace {

// Keeps the open brackets in a string and not on the stack, because a test's state file may be
// nested very deeply.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool Document() {
    if (!Values()) return false;
    SkipSpace();
    return at_ == text_.size();
  }

 private:
  bool Values() {
    std::string open;
    while (true) {
      // A value begins here.
      SkipSpace();
      if (Take('{')) {
        SkipSpace();
        if (!Take('}')) {
          open.push_back('{');
          if (!Name()) return false;
          continue;
        }
      } else if (Take('[')) {
        SkipSpace();
        if (!Take(']')) {
          open.push_back('[');
          continue;
        }
      } else if (!Scalar()) {
        return false;
      }
      // A value has ended here.
      if (!CloseAll(open)) return false;
      if (open.empty()) return true;
      if (!Take(',')) return false;
      if (open.back() == '{' && !Name()) return false;
    }
  }

  bool CloseAll(std::string& open) {
    while (!open.empty()) {
      SkipSpace();
      if (at_ == text_.size()) return false;
      const char closing = open.back() == '{' ? '}' : ']';
      if (!Take(closing)) return true;
      open.pop_back();
    }
    return true;
  }

  bool Name() {
    SkipSpace();
    if (!String()) return false;
    SkipSpace();
    return Take(':');
  }

  bool Scalar() {
    if (at_ == text_.size()) return false;
    switch (text_[at_]) {
      case '"':
        return String();
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }

  bool String() {
    if (!Take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !Escape()) return false;
    }
    return false;
  }

  bool Escape() {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ == text_.size() || !IsHex(text_[at_])) return false;
    }
    return true;
  }

  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return Digits();
    }
    return true;
  }

  bool Digits() {
    const std::size_t before = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > before;
  }

  static bool IsHex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

  bool Word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void SkipSpace() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

bool IsJson(std::string_view text) { return Scanner(text).Document(); }

bool IsFilledJsonObject(std::string_view text) {
  const std::size_t brace = text.find_first_not_of(" \t\r\n");
  if (brace == std::string_view::npos || text[brace] != '{') return false;
  const std::size_t member = text.find_first_not_of(" \t\r\n", brace + 1);
  return member != std::string_view::npos && text[member] == '"' && IsJson(text);
}

}  // namespace tributary::tester
