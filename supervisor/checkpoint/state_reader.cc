#include "supervisor/checkpoint/state_reader.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

// What an entry of each kind takes in memory beside its texts, with room to spare.
constexpr std::size_t kTableBytes = sizeof(TableName) + sizeof(TableState) + 64;
constexpr std::size_t kRangeBytes = 384;
constexpr std::size_t kTextBytes = 96;

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

absl::Status MalformedState(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(
      "reading the state: ", what,
      "; pass the state of a checkpoint unchanged, or re-sync the connection to start anew"));
}

// A member of an object that has fields of its own.
struct StateReader::Field {
  enum class Id {
    kVersion,
    kSource,
    kSelection,
    kEpoch,
    kPosition,
    kStagingKey,
    kSourceVersions,
    kComplete,
    kCompleteTables,
    kTables,
    kEngine,
    kIdentity,
    kPhase,
    kColumns,
    kTableVersion,
    kWidened,
    kDone,
  };

  Place in;
  Id id;
  const char* name;
  Kind kind;
  bool required = true;
  Place opens = Place::kDocument;
};

const std::vector<StateReader::Field>& StateReader::Fields() {
  using Id = Field::Id;
  static const std::vector<Field> fields = {
      {Place::kTop, Id::kVersion, "version", Kind::kUnsigned},
      {Place::kTop, Id::kSource, "source", Kind::kObject, true, Place::kSource},
      {Place::kTop, Id::kSelection, "selection", Kind::kText},
      {Place::kTop, Id::kEpoch, "epoch", Kind::kText},
      {Place::kTop, Id::kPosition, "position", Kind::kUnsigned},
      {Place::kTop, Id::kStagingKey, "staging_key", Kind::kText, false},
      {Place::kTop, Id::kSourceVersions, "source_versions", Kind::kArray, true, Place::kVersions},
      {Place::kTop, Id::kComplete, "complete", Kind::kText, false},
      {Place::kTop, Id::kCompleteTables, "complete_tables", Kind::kUnsigned, false},
      {Place::kTop, Id::kTables, "tables", Kind::kObject, true, Place::kSchemas},
      {Place::kSource, Id::kEngine, "engine", Kind::kText},
      {Place::kSource, Id::kIdentity, "identity", Kind::kText},
      {Place::kTable, Id::kPhase, "phase", Kind::kText},
      {Place::kTable, Id::kColumns, "columns", Kind::kText},
      {Place::kTable, Id::kTableVersion, "version", Kind::kUnsigned, false},
      {Place::kTable, Id::kWidened, "widened", Kind::kArray, false, Place::kWidened},
      {Place::kTable, Id::kDone, "done", Kind::kArray, false, Place::kRanges},
  };
  return fields;
}

std::uint32_t StateReader::Bit(const Field& field) {
  return std::uint32_t{1} << static_cast<unsigned>(field.id);
}

// --- what the parser calls ----------------------------------------------------

bool StateReader::null() { return Take({}); }
bool StateReader::boolean(bool) { return Take({}); }
bool StateReader::number_integer(std::int64_t) { return Take({}); }
bool StateReader::number_unsigned(std::uint64_t value) { return Take({Kind::kUnsigned, value}); }
bool StateReader::number_float(double, const std::string&) { return Take({}); }
bool StateReader::string(std::string& value) { return Take({Kind::kText, 0, std::move(value)}); }
bool StateReader::binary(nlohmann::json::binary_t&) { return Take({}); }
bool StateReader::start_object(std::size_t) { return Take({Kind::kObject}); }
bool StateReader::start_array(std::size_t) { return Take({Kind::kArray}); }
bool StateReader::end_object() { return Leave(); }
bool StateReader::end_array() { return Leave(); }

bool StateReader::key(std::string& name) {
  if (skipped_ > 0) return true;
  switch (levels_.back().place) {
    case Place::kSchemas:
      EnterSchema(std::move(name));
      break;
    case Place::kTables:
      EnterTable(std::move(name));
      break;
    default:
      EnterField(name);
  }
  return broken_.ok();
}

// The library's own text quotes the content, so only the place is passed on.
bool StateReader::parse_error(std::size_t byte, const std::string&,
                              const nlohmann::json::exception&) {
  broken_ = MalformedState(absl::StrCat("it is not JSON from byte ", byte, " on"));
  return false;
}

// --- the way through the document ----------------------------------------------

bool StateReader::DepthIsFine() {
  if (levels_.size() + skipped_ <= limits::kMaxStateDepth) return true;
  broken_ = MalformedState(absl::StrCat("it is nested deeper than ", limits::kMaxStateDepth));
  return false;
}

bool StateReader::Take(Value value) {
  const bool opens = value.kind == Kind::kObject || value.kind == Kind::kArray;
  if (opens && !DepthIsFine()) return false;
  const Level& level = levels_.back();
  const bool has_fields =
      level.place == Place::kTop || level.place == Place::kSource || level.place == Place::kTable;
  if (skipped_ > 0 || (has_fields && level.field == nullptr)) {
    if (opens) ++skipped_;
    return true;
  }
  const Expected expected = ExpectedHere();
  if (value.kind != expected.kind) {
    Fault(absl::StrCat(expected.name, " is of the wrong type or out of range"));
    if (opens) ++skipped_;
    return true;
  }
  if (opens) {
    levels_.push_back({expected.opens});
  } else {
    Store(std::move(value));
  }
  return broken_.ok();
}

StateReader::Expected StateReader::ExpectedHere() const {
  const Level& level = levels_.back();
  switch (level.place) {
    case Place::kDocument:
      return {"the whole", Kind::kObject, Place::kTop};
    case Place::kTop:
    case Place::kSource:
    case Place::kTable:
      return {level.field->name, level.field->kind, level.field->opens};
    case Place::kVersions:
      return {"an entry of source_versions", Kind::kText};
    case Place::kSchemas:
      return {"a schema in tables", Kind::kObject, Place::kTables};
    case Place::kTables:
      return {"a table's entry", Kind::kObject, Place::kTable};
    case Place::kWidened:
      return {"a name in widened", Kind::kText};
    case Place::kRanges:
      return {"a range in done", Kind::kArray, Place::kRange};
    case Place::kRange:
      return {"a bound in done", Kind::kText};
  }
  std::abort();
}

bool StateReader::Leave() {
  if (skipped_ > 0) {
    --skipped_;
    return true;
  }
  switch (levels_.back().place) {
    case Place::kTop:
    case Place::kSource:
    case Place::kTable:
      EndObject();
      break;
    case Place::kRange:
      EndRange();
      break;
    case Place::kRanges:
      EndRanges();
      break;
    default:
      break;
  }
  levels_.pop_back();
  return broken_.ok();
}

void StateReader::Fault(const std::string& what) {
  if (fault_.ok()) fault_ = MalformedState(what);
}

bool StateReader::HasRoomFor(std::size_t bytes) {
  memory_bytes_ += bytes;
  if (memory_bytes_ > limits::kMaxStateMemoryBytes) {
    broken_ = MalformedState("it has too many tables, ranges or names");
  }
  return broken_.ok();
}

// --- members ------------------------------------------------------------------

void StateReader::EnterField(std::string_view name) {
  Level& level = levels_.back();
  has_members_ = true;
  level.field = nullptr;
  for (const Field& field : Fields()) {
    if (field.in != level.place || field.name != name) continue;
    if ((level.seen & Bit(field)) != 0) {
      Fault(absl::StrCat("it has ", field.name, " twice in one place"));
      return;
    }
    level.seen |= Bit(field);
    level.field = &field;
    return;
  }
}

void StateReader::EnterSchema(std::string name) {
  if (!HasRoomFor(kTextBytes + name.size())) return;
  if (!schemas_.insert(name).second) Fault("a schema stands twice in tables");
  schema_ = std::move(name);
}

void StateReader::EnterTable(std::string name) {
  // Each has its schema's name.
  if (!HasRoomFor(kTableBytes + schema_.size() + name.size())) return;
  const auto [entry, is_new] = state_.tables.try_emplace({schema_, std::move(name)});
  if (!is_new) Fault("a table stands twice in its schema");
  table_ = &entry->second;
}

void StateReader::EndObject() {
  const Level& level = levels_.back();
  if (level.place == Place::kTop && !has_members_) return;
  for (const Field& field : Fields()) {
    if (field.in == level.place && field.required && (level.seen & Bit(field)) == 0) {
      Fault(absl::StrCat("it lacks ", field.name, level.place == Place::kTop ? "" : " in a part"));
    }
    if (field.id == Field::Id::kDone && level.place == Place::kTable &&
        (level.seen & Bit(field)) != 0 && table_->phase == Phase::kLive) {
      Fault("a live table has done");
    }
  }
}

void StateReader::EndRange() {
  if (bounds_.size() == 2) {
    if (!HasRoomFor(kRangeBytes + 2 * (bounds_[0].size() + bounds_[1].size()))) return;
    ranges_.push_back({std::move(bounds_[0]), std::move(bounds_[1])});
  } else {
    Fault("a range in done has not two bounds");
  }
  bounds_.clear();
}

void StateReader::EndRanges() {
  absl::StatusOr<DoneRanges> done = DoneRanges::FromList(ranges_);
  ranges_.clear();
  if (done.ok()) {
    table_->done = *std::move(done);
  } else {
    Fault(absl::StrCat("done of a table is no row of ranges: ", done.status().message()));
  }
}

// --- values -------------------------------------------------------------------

void StateReader::Store(Value value) {
  switch (levels_.back().place) {
    case Place::kVersions:
      if (!HasRoomFor(kTextBytes + value.text.size())) return;
      source_versions_.push_back(std::move(value.text));
      break;
    case Place::kWidened:
      if (!HasRoomFor(kTextBytes + value.text.size())) return;
      if (!table_->widened.insert(std::move(value.text)).second) {
        Fault("a name stands twice in widened");
      }
      break;
    case Place::kRange:
      bounds_.push_back(std::move(value.text));
      break;
    default:
      StoreField(std::move(value));
  }
}

void StateReader::StoreField(Value value) {
  using Id = Field::Id;
  const Field& field = *levels_.back().field;
  switch (field.id) {
    case Id::kVersion:
      version_ = value.number;
      if (version_ == 0) Fault("version is 0");
      break;
    case Id::kSelection:
      state_.selection = Hex(field.name, std::move(value.text));
      break;
    case Id::kEpoch:
      state_.epoch = Hex(field.name, std::move(value.text));
      break;
    case Id::kPosition:
      if (value.number > limits::kMaxPosition) Fault("position is out of range");
      state_.position = value.number;
      break;
    case Id::kStagingKey:
      StoreStagingKey(value.text);
      break;
    case Id::kComplete:
      state_.complete = std::move(value.text);
      break;
    case Id::kCompleteTables:
      complete_tables_ = value.number;
      break;
    case Id::kEngine:
      if (value.text.empty()) Fault("engine is empty");
      state_.source.engine = std::move(value.text);
      break;
    case Id::kIdentity:
      state_.source.identity = std::move(value.text);
      break;
    case Id::kPhase:
      if (value.text != "copying" && value.text != "live") Fault("a table's phase is unknown");
      table_->phase = value.text == "live" ? Phase::kLive : Phase::kCopying;
      break;
    case Id::kColumns:
      table_->columns = Hex(field.name, std::move(value.text));
      break;
    case Id::kTableVersion:
      version_places_.emplace_back(table_, value.number);
      break;
    case Id::kSource:
    case Id::kSourceVersions:
    case Id::kTables:
    case Id::kWidened:
    case Id::kDone:
      std::abort();  // Objects and arrays are descended into, never stored.
  }
}

std::string StateReader::Hex(const char* name, std::string text) {
  if (text.size() != kDigestDigits || !std::all_of(text.begin(), text.end(), IsLowerHex)) {
    Fault(absl::StrCat(name, " is not ", kDigestDigits, " lower-case hexadecimal digits"));
  }
  return text;
}

void StateReader::StoreStagingKey(const std::string& text) {
  // Base64 has several texts for some bytes; only the one that is written counts.
  if (!absl::Base64Unescape(text, &state_.staging_key) ||
      state_.staging_key.size() != kStagingKeyBytes ||
      absl::Base64Escape(state_.staging_key) != text) {
    Fault(absl::StrCat("staging_key is not the Base64 of ", kStagingKeyBytes, " bytes"));
  }
}

bool StateReader::IsComplete() const {
  return complete_tables_ == state_.tables.size() &&
         std::all_of(state_.tables.begin(), state_.tables.end(), [this](const auto& entry) {
           return entry.second.phase == Phase::kLive && entry.second.version == state_.complete;
         });
}

absl::StatusOr<State> StateReader::Finish() && {
  if (!broken_.ok()) return broken_;
  if (version_ > kStateVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "reading the state: it is of version ", version_,
        " and this tributary knows versions up to ", kStateVersion,
        "; deploy the tributary that wrote it, or a newer one, or re-sync the connection to start "
        "anew"));
  }
  for (const auto& [table, place] : version_places_) {
    if (!fault_.ok()) return fault_;
    if (place >= source_versions_.size()) {
      Fault("a table's version is not in source_versions");
    } else if (HasRoomFor(source_versions_[place].size())) {
      table->version = source_versions_[place];
    } else {
      return broken_;
    }
  }
  if (!fault_.ok()) return fault_;
  if (!IsComplete()) state_.complete.clear();
  return std::move(state_);
}

}  // namespace tributary
