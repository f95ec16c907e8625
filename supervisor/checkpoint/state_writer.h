// Writes the members that state_members.h declares. Used by SerializeState only.
#ifndef TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_WRITER_H_
#define TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_WRITER_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "supervisor/checkpoint/state_members.h"

namespace tributary {

// The contents that several tables share: thousands may share one, and the text then holds it once.
class ContentsToWrite {
 public:
  explicit ContentsToWrite(const std::map<TableName, TableState>& tables) {
    for (const auto& [name, table] : tables) {
      if (table.content.empty()) continue;
      Use& use = uses_[table.content];
      if (++use.tables != 2) continue;
      use.place = shared_.size();
      shared_.push_back(table.content);
    }
  }

  const std::vector<std::string>& shared() const { return shared_; }

  // Writes a shared content as its index, any other as its text.
  void Write(std::string& out, const std::string& content) const {
    const Use& use = uses_.at(content);
    if (use.tables > 1) {
      absl::StrAppend(&out, use.place);
    } else {
      AppendText(out, content);
    }
  }

 private:
  struct Use {
    std::size_t tables = 0;
    std::size_t place = 0;
  };
  std::unordered_map<std::string_view, Use> uses_;
  std::vector<std::string> shared_;
};

// The members of one object, in braces.
class StateWriter {
 public:
  StateWriter(std::string& out, const ContentsToWrite& contents) : out_(out), contents_(contents) {
    out_ += '{';
  }
  ~StateWriter() { out_ += '}'; }
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  template <typename Value, typename Form>
  void Member(const char* name, const Value& value, Need need, const Form& form) {
    if (need == Need::kOptional && value == Value()) return;
    Name(name);
    form.Write(out_, value);
  }

  template <typename Value>
  void Object(const char* name, const Value& value, Need need) {
    if (need == Need::kOptional && value == Value()) return;
    Name(name);
    Nested(value);
  }

  void PhaseAndMethod(Phase phase, Method method) {
    Name(kPhaseWords.at(static_cast<std::size_t>(phase)));
    AppendText(out_, kMethodWords.at(static_cast<std::size_t>(method)));
  }

  void Never(const char* /*name*/) {}

  void SharedContents(const char* name) {
    Member(name, contents_.shared(), Need::kOptional, TextList{});
  }

  void Content(const char* name, const std::string& content) {
    if (content.empty()) return;
    Name(name);
    contents_.Write(out_, content);
  }

  void Tables(const char* name, const std::map<TableName, TableState>& tables, Need /*need*/) {
    Name(name);
    const std::string* schema = nullptr;
    for (const auto& [table, entry] : tables) {
      if (schema == nullptr || *schema != table.schema) {
        out_ += schema == nullptr ? "{" : "},";
        schema = &table.schema;
        AppendText(out_, *schema);
        out_ += ":{";
      } else {
        out_ += ',';
      }
      AppendText(out_, table.table);
      out_ += ':';
      Nested(entry);
    }
    out_ += schema == nullptr ? "{}" : "}}";
  }

 private:
  void Name(const char* name) {
    absl::StrAppend(&out_, std::exchange(separator_, ","), "\"", name, "\":");
  }

  template <typename Value>
  void Nested(const Value& value) {
    StateWriter nested(out_, contents_);
    Members(nested, value);
  }

  std::string& out_;
  const ContentsToWrite& contents_;
  const char* separator_ = "";
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_WRITER_H_
