// What one sync has to do: compares the source's catalog with the selection and the state. A pure
// decision; the sync carries it out.
#ifndef TRIBUTARY_SUPERVISOR_PLAN_PLAN_H_
#define TRIBUTARY_SUPERVISOR_PLAN_PLAN_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "supervisor/checkpoint/state.h"
#include "supervisor/plan/course.h"
#include "supervisor/request/columns_digest.h"
#include "supervisor/request/selection.h"

namespace tributary {

// A selected table that has to be read, or whose log is followed.
struct TableToCopy {
  TableName name;
  // The columns as sent: selected, in the catalog's order, some in wider types.
  google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> columns;
  std::string access;
  std::uint64_t estimated_bytes = 0;
  std::string columns_digest;
  // As in TableState.
  std::map<std::string, std::string> widened;
  Method method = Method::kCopy;
  // From the catalog.
  std::string content = {};
  std::uint64_t file_number = 0;
  // Its phase when the sync begins.
  course::Phase phase = course::Phase::kPending;
  // TRUNCATE precedes its first slice.
  bool truncates = true;
  // Of all columns of the catalog; empty if it gives none.
  ColumnNumbers column_numbers = {};
  // As in SelectedTable.
  bool selects_new_columns = true;
  std::vector<std::string> not_selected = {};
  // It has columns that the state does not know and that need no copy.
  bool has_added_columns = false;
  // How its rows can be compared with digests.
  CatalogTable::Comparison comparison = CatalogTable::NONE;
  // As in the catalog.
  std::string order = {};
  // Its copy goes on, and rows that were given out after the state have to be taken back before.
  bool takes_back_first = false;
  // The same copy: rows may have changed since in what was copied, so once the rest is copied, the
  // table is compared.
  bool is_compared_after = false;
};

// The entry's columns become those that the table is sent with.
void SetColumns(const TableToCopy& table, TableState& entry);

// The digests that earlier syncs have made. The plan asks; the answers come from the disk.
class KeptDigests {
 public:
  virtual ~KeptDigests() = default;
  // There may be digests that can be neither read nor removed now. An older state that comes back
  // may rely on them, so no table that has digests may be truncated meanwhile.
  virtual bool Unreadable() const = 0;
  // Whether the table can be compared with that generation, which may be 0.
  virtual bool AtHand(const TableName& table, std::uint64_t generation) = 0;
  // Whether a copy whose content has no name can go on from that generation and these ranges.
  virtual bool MayResume(const TableName& table, std::uint64_t generation,
                         const DoneRanges& done) = 0;
  // Whether the destination may differ from that generation: rows were sent after it, or a copy has
  // begun.
  virtual bool HasUnconfirmed(const TableName& table, std::uint64_t generation) = 0;
};

struct Plan {
  // The state to start from: without the tables that are no longer selected.
  State state;
  // Tables that have to be read, largest first. Their columns are sent before their first record,
  // even if Schema or earlier syncs have sent them: the source may have changed since.
  std::vector<TableToCopy> copies;
  // Tables that need no copy and whose log is followed.
  std::vector<TableToCopy> followed;
  // For the user, about tables whose entries are removed from the state here. They must be on the
  // stream before that state.
  std::vector<std::string> warnings;
  // Selected tables, including those that need nothing.
  std::size_t selected_tables = 0;
};

// Whether the selected columns of the table are those that its entry was sent with.
bool HasColumnsOf(const SelectedTable& choice, const TableState& entry);

// Whether, with this state, it is enough to ask the source whether it has changed.
bool MayBeUnchanged(const State& state, const std::string& selection_digest);

// FAILED_PRECONDITION: the state belongs to another source than the catalog (which may be the
// answer "unchanged"), or the state has tables and the source has none at all. The text is for a
// Task.
absl::Status CheckSource(const Catalog& catalog, const std::string& engine, const State& state);

// FAILED_PRECONDITION as CheckSource. Without `digests`, none are made or used.
absl::StatusOr<Plan> MakePlan(const Catalog& catalog, const std::vector<SelectedTable>& selected,
                              const std::string& selection_digest, const std::string& engine,
                              State state, KeptDigests* digests = nullptr);

// The value of State::complete at the end of a sync of `plan`, whose catalog was of `version`: that
// version if all selected tables are live and have that content, otherwise empty.
std::string CompleteVersion(const Plan& plan, const std::string& version);

// schema.table, for texts.
std::string NameOf(const TableToCopy& table);

// The selected columns, in the types that they are sent in.
google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> SentColumns(
    const SelectedTable& choice, const std::map<std::string, std::string>& widened);
// Gives `columns` the types that `widened` names. An unknown type becomes STRING, which can hold
// every value; the columns' digest then differs from the one in such a state.
void WidenColumns(const std::map<std::string, std::string>& widened,
                  google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_PLAN_PLAN_H_
