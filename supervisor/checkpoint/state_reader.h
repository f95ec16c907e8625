// Reads the state's text in one pass, without building a tree of it: unknown
// fields cost no memory, however large, and depth costs no stack. Used by
// ParseState only.
#ifndef TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_READER_H_
#define TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_READER_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervisor/checkpoint/state.h"

namespace tributary {

// INVALID_ARGUMENT, with what is wrong and what to do.
absl::Status MalformedState(const std::string& what);

class StateReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  // After the parser is through.
  absl::StatusOr<State> Finish() &&;

  bool null() override;
  bool boolean(bool value) override;
  bool number_integer(std::int64_t value) override;
  bool number_unsigned(std::uint64_t value) override;
  bool number_float(double value, const std::string& text) override;
  bool string(std::string& value) override;
  bool binary(nlohmann::json::binary_t& value) override;
  bool start_object(std::size_t) override;
  bool key(std::string& name) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool parse_error(std::size_t byte, const std::string& token,
                   const nlohmann::json::exception& error) override;

 private:
  // What the value at hand stands in.
  enum class Place {
    kDocument,
    kTop,
    kSource,
    kVersions,
    kSchemas,
    kTables,
    kTable,
    kWidened,
    kRanges,
    kRange,
  };
  enum class Kind { kUnsigned, kText, kObject, kArray, kOther };
  struct Field;
  struct Level {
    Place place = Place::kDocument;
    // Of the place's fields, those that this object has, a bit for each.
    std::uint32_t seen = 0;
    // The member at hand, in objects with fields; null: an unknown one.
    const Field* field = nullptr;
  };
  struct Value {
    Kind kind = Kind::kOther;
    std::uint64_t number = 0;
    std::string text = {};
  };
  // What may stand at a place. `opens` is for objects and arrays.
  struct Expected {
    const char* name = "";
    Kind kind = Kind::kOther;
    Place opens = Place::kDocument;
  };

  static const std::vector<Field>& Fields();
  static std::uint32_t Bit(const Field& field);

  // One value, or the beginning of one. False ends the parse.
  bool Take(Value value);
  bool Leave();
  bool DepthIsFine();
  // Notes the first fault. The parse goes on, for a newer version's state may be
  // at fault in any way before its `version` is met.
  void Fault(const std::string& what);
  // Counts what a part of the text takes in memory, which may be a multiple of it. Ends
  // the parse where that is more than limits::kMaxStateMemoryBytes; false then.
  bool HasRoomFor(std::size_t bytes);

  Expected ExpectedHere() const;
  void EnterField(std::string_view name);
  void EnterSchema(std::string name);
  void EnterTable(std::string name);
  void Store(Value value);
  void StoreField(Value value);
  std::string Hex(const char* name, std::string text);
  void StoreStagingKey(const std::string& text);
  // The entries bear out what `complete` says of them all.
  bool IsComplete() const;
  void EndObject();
  void EndRange();
  void EndRanges();

  std::vector<Level> levels_{Level{}};
  // Depth within a value that is skipped.
  std::size_t skipped_ = 0;
  std::size_t memory_bytes_ = 0;

  State state_;
  std::uint64_t version_ = 0;
  std::optional<std::uint64_t> complete_tables_;
  bool has_members_ = false;
  std::vector<std::string> source_versions_;
  // `source_versions` may stand before or behind the tables, so the two are
  // joined at the end.
  std::vector<std::pair<TableState*, std::uint64_t>> version_places_;

  std::set<std::string> schemas_;
  std::string schema_;
  TableState* table_ = nullptr;
  std::vector<std::string> bounds_;
  std::vector<BoundRange> ranges_;

  absl::Status fault_;
  // Ended the parse, so nothing is known of the version.
  absl::Status broken_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CHECKPOINT_STATE_READER_H_
