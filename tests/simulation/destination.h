// The stream's messages, and a destination that applies them as Fivetran does.
#ifndef TRIBUTARY_TESTS_SIMULATION_DESTINATION_H_
#define TRIBUTARY_TESTS_SIMULATION_DESTINATION_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/checkpoint/state.h"
#include "tests/simulation/content.h"

namespace tributary::simulation {

// What a record from a source's log does to a row that has a key.
struct Change {
  // kUpdate leaves columns unchanged that it does not contain.
  enum class What { kUpsert, kUpdate, kDelete, kTruncate };
  What what = What::kUpsert;
  std::string table = {};
  std::string key = {};
  Row row = {};
};

struct Message {
  enum class Kind {
    kRows,
    kChanges,
    kTruncate,
    kSchemaChange,
    kWarning,
    kTask,
    kCheckpoint,
    kDamaged
  };
  Kind kind = Kind::kDamaged;
  std::string table = {};
  bool keyed = true;
  std::vector<Row> rows = {};
  // For kChanges: in order, of any tables.
  std::vector<Change> changes = {};
  // The state of a checkpoint, or the text of a Warning or a Task.
  std::string text = {};
};
using MessagePtr = std::shared_ptr<const Message>;

// A message that the supervisor itself made.
Message ReadMessage(std::string_view bytes);

class Destination {
 public:
  void Apply(const Message& message);

  // Empty if this table holds the source's rows, with the selected columns, and no others;
  // otherwise the first difference.
  std::string Difference(const std::string& table, const Table& source, const Choice& choice) const;

  bool WasTruncated(const std::string& table) const { return truncated_.contains(table); }

  // By key, or by all values.
  using Rows = std::map<std::string, Row>;
  const Rows& RowsOf(const std::string& table) const;

 private:
  void Apply(const Change& change);

  std::map<std::string, Rows> tables_;
  std::set<std::string> truncated_;
};

// What identifies the row in the destination.
std::string IdentityOf(const Row& row, bool keyed);
Row Chosen(const Row& row, const Choice& choice);

// Whether the entry's cursor covers the row at this place.
bool Covers(const TableState& entry, int place);

// Bounds of ranges; the table's start and end are empty texts.
std::string BoundAt(int place);
int PlaceOf(const std::string& bound, int if_empty);

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_DESTINATION_H_
