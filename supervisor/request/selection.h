// The selection: what the user includes and excludes, as far as that can be said
// without the source (Read, Digest), and what it comes to for the catalog that
// the source has now (Resolve).
//
// A schema, table or column that the selection names follows its own answer. One
// that it does not name is new, and follows include_new_schemas, _tables or
// _columns of the level above. What lies within an excluded schema or table is
// excluded, whatever its own answer: Fivetran keeps a table's answers while its
// schema is off. Names are compared byte for byte.
//
// A value; Digest and Resolve may be called from any thread.
#ifndef TRIBUTARY_SUPERVISOR_REQUEST_SELECTION_H_
#define TRIBUTARY_SUPERVISOR_REQUEST_SELECTION_H_

#include <google/protobuf/io/zero_copy_stream.h>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/connector_sdk.pb.h"
#include "proto/worker.pb.h"

namespace tributary {

class WarningList;

// What of one table is synced. Points into the catalog.
struct SelectedTable {
  const CatalogTable* table = nullptr;
  // In the catalog's order; never empty.
  std::vector<const fivetran_sdk::v2::Column*> columns;
  // Whether columns that are added to the table are synced, unless they have one of these
  // names.
  bool selects_new_columns = true;
  std::vector<std::string> not_selected = {};
};

struct Selected {
  // In the catalog's order.
  std::vector<SelectedTable> tables;
  // For the user, at most kMaxSelectionWarnings: what was selected and is not
  // there, and what is synced or left out otherwise than it was selected.
  std::vector<std::string> warnings;
};

// INVALID_ARGUMENT where a serialized UpdateRequest holds the selection in both its
// forms. Once it is parsed, only the last of them is left to be seen.
absl::Status CheckOneForm(google::protobuf::io::ZeroCopyInputStream& request);

class Selection {
 public:
  // Null, or without either form: everything is selected.
  //   INVALID_ARGUMENT  the form without schemas, or entries for one schema,
  //                     table or column that contradict each other.
  static absl::StatusOr<Selection> Read(const fivetran_sdk::v2::Selection* request);

  // 16 hexadecimal digits: the same for selections that say the same, in
  // whatever order; those of Resolve's answer may still change with the catalog.
  std::string Digest() const;

  // The answer points into `catalog`. Takes time in proportion to the catalog
  // and the selection together.
  Selected Resolve(const Catalog& catalog) const;

 private:
  struct Table {
    bool included = true;
    bool include_new_columns = true;
    std::unordered_map<std::string, bool> columns;
  };
  struct Schema {
    bool included = true;
    bool include_new_tables = true;
    std::unordered_map<std::string, Table> tables;
  };
  // What the selection says of one table of the catalog.
  struct Answer {
    bool included = true;
    // Null: the table is new, with all its columns.
    const Table* table = nullptr;
    // Null: the schema is new.
    const Schema* schema = nullptr;
  };

  absl::Status AddSchema(const fivetran_sdk::v2::SchemaSelection& request);
  static absl::Status AddTable(const std::string& schema_name,
                               const fivetran_sdk::v2::TableSelection& request, Schema& schema);
  Answer Find(const CatalogTable& table) const;
  static SelectedTable ResolveColumns(const CatalogTable& table, const Table* answers,
                                      WarningList& warnings);
  static void WarnOfMissingColumns(const CatalogTable& table, const Table& answers,
                                   WarningList& warnings);
  // For what is selected and was not found in the catalog; pointers of Answers.
  void WarnOfMissing(const std::unordered_set<const void*>& found, WarningList& warnings) const;

  bool include_new_schemas_ = true;
  std::unordered_map<std::string, Schema> schemas_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_SELECTION_H_
