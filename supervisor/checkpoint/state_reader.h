// Reads the members that state_members.h declares from the tree of a text. Used by
// ParseState only.
#ifndef TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_READER_H_
#define TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_READER_H_

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "supervisor/checkpoint/state_members.h"

namespace tributary {

// INVALID_ARGUMENT, with what is wrong and what to do.
absl::Status MalformedState(const std::string& what);

// Shared by the readers of all objects of one text.
struct ReadState {
  std::vector<std::string> contents;
  // Bytes of texts that the tree has once and the state has once for each table.
  std::size_t shared_bytes = 0;
  // The first fault that was found; values read after it are ignored.
  absl::Status fault;

  void Fault(const std::string& what) {
    if (fault.ok()) fault = MalformedState(what);
  }
  // False, and a fault, if the state would take more memory than allowed.
  bool HasRoomFor(const std::string& shared);
};

// The members of one object.
class StateReader {
 public:
  StateReader(const nlohmann::json& object, ReadState& read) : object_(object), read_(read) {}

  template <typename Value, typename Form>
  void Member(const char* name, Value& value, Need need, const Form& form) {
    const nlohmann::json* member = Find(name, need);
    if (member == nullptr) return;
    const std::string wrong = form.Read(*member, value);
    if (!wrong.empty()) read_.Fault(absl::StrCat(name, " ", wrong));
  }

  template <typename Value>
  void Object(const char* name, Value& value, Need need) {
    const nlohmann::json* member = Find(name, need);
    if (member != nullptr) Nested(name, *member, value);
  }

  // The member's name is the phase, its text the method.
  void PhaseAndMethod(Phase& phase, Method& method);
  // A member that may only be present in other phases.
  void Never(const char* name);
  void SharedContents(const char* name);
  void Content(const char* name, std::string& content);
  void Tables(const char* name, std::map<TableName, TableState>& tables, Need need);

 private:
  // Null if it is not there.
  const nlohmann::json* Find(const char* name, Need need);

  template <typename Value>
  void Nested(const char* what, const nlohmann::json& json, Value& value) {
    if (!json.is_object()) return read_.Fault(absl::StrCat(what, " is not an object"));
    StateReader nested(json, read_);
    Members(nested, value);
  }

  const nlohmann::json& object_;
  ReadState& read_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_READER_H_
