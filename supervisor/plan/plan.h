// What one sync has to do: the source's catalog held against the selection and
// the state. A pure decision; running it is the sync's.
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
  // As they are sent: selected, in the catalog's order, some in wider types.
  google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> columns;
  std::string access;
  std::uint64_t estimated_bytes = 0;
  std::string columns_digest;
  // As in TableState.
  std::map<std::string, std::string> widened;
  Method method = Method::kCopy;
  // As the catalog has it.
  std::string content = {};
  // Where it is in its course when the sync begins.
  course::Phase phase = course::Phase::kPending;
  // Its first slice is preceded by TRUNCATE.
  bool truncates = true;
  // Of all the columns that the catalog has; empty where it gives none.
  ColumnNumbers column_numbers = {};
  // As in SelectedTable.
  bool selects_new_columns = true;
  std::vector<std::string> not_selected = {};
  // It has columns that the state does not know, and needs no copy for them.
  bool has_added_columns = false;
  // How its rows can be held against digests.
  CatalogTable::Comparison comparison = CatalogTable::NONE;
  // As the catalog has it.
  std::string order = {};
};

// What there is of digests that earlier syncs have made. The plan asks; the answers are on
// the disk.
class KeptDigests {
 public:
  virtual ~KeptDigests() = default;
  // There may be some, and they can neither be read nor removed now. So an older state that
  // comes back may rely upon them: no table that has some is to be truncated meanwhile.
  virtual bool Unreadable() const = 0;
  // Whether the table can be held against that generation, which may be 0.
  virtual bool AtHand(const TableName& table, std::uint64_t generation) = 0;
  // Something was given out after it.
  virtual bool HasUnconfirmed(const TableName& table, std::uint64_t generation) = 0;
};

struct Plan {
  // The state to start from: without the tables that are selected no more.
  State state;
  // Tables that have to be read, largest first. Their columns are told before their first
  // record, whatever Schema and earlier syncs have told: the source may have changed since.
  std::vector<TableToCopy> copies;
  // Tables that need no copy and whose log is followed.
  std::vector<TableToCopy> followed;
  // For the user, about tables whose entries the state loses here. So they are on the
  // stream before that state.
  std::vector<std::string> warnings;
  // Selected tables, those that need nothing included.
  std::size_t selected_tables = 0;
};

// Whether `state` allows to ask the source only for whether it has changed.
bool MayBeUnchanged(const State& state, const std::string& selection_digest);

// FAILED_PRECONDITION: the state is of another source than the catalog, which may
// be one that is unchanged, or has tables where the source has none at all any longer; the
// text is for a Task.
absl::Status CheckSource(const Catalog& catalog, const std::string& engine, const State& state);

// FAILED_PRECONDITION as CheckSource. Without `digests` none are made and none are used.
absl::StatusOr<Plan> MakePlan(const Catalog& catalog, const std::vector<SelectedTable>& selected,
                              const std::string& selection_digest, const std::string& engine,
                              State state, KeptDigests* digests = nullptr);

// What State::complete has to say at the end of a sync of `plan`, whose catalog was
// of `version`: that version where all selected tables are live and have that content,
// or nothing.
std::string CompleteVersion(const Plan& plan, const std::string& version);

// schema.table, for texts.
std::string NameOf(const TableToCopy& table);

// `columns` with those that `widened` names in the types that it names. A type that is
// not known becomes STRING, which takes every value; the columns' digest is then not
// the one that such a state has.
void WidenColumns(const std::map<std::string, std::string>& widened,
                  google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_PLAN_PLAN_H_
