// The selection: what the user includes and excludes, without looking at the source (Read, Digest),
// and its result for the source's current catalog (Resolve).
//
// A schema, table or column that the selection names follows its own entry. One that it does not
// name is new, and follows include_new_schemas, _tables or _columns of the level above. Everything
// within an excluded schema or table is excluded, even if its own entry includes it: Fivetran keeps
// a table's entries while its schema is off. Names are compared byte for byte.
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

// The synced part of one table. Points into the catalog.
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
  // For the user: the catalog's notes about these tables, and at most kMaxSelectionWarnings about
  // selected names that do not exist, and columns or tables that are synced or left out against the
  // selection.
  std::vector<std::string> warnings;
};

// INVALID_ARGUMENT if a serialized UpdateRequest holds the selection in both forms. After parsing,
// only the last one is visible.
absl::Status CheckOneForm(google::protobuf::io::ZeroCopyInputStream& request);

class Selection {
 public:
  // Null, or without either form: everything is selected.
  //   INVALID_ARGUMENT the form without schemas, or contradicting entries for one schema, table or
  //   column.
  static absl::StatusOr<Selection> Read(const fivetran_sdk::v2::Selection* request);

  // 16 hexadecimal digits, the same for equal selections in any order. The result of Resolve may
  // still change with the catalog.
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
  // The selection's entries for one table of the catalog.
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
  // Finds selected names that are not in the catalog; pointers of Answers.
  void WarnOfMissing(const std::unordered_set<const void*>& found, WarningList& warnings) const;

  bool include_new_schemas_ = true;
  std::unordered_map<std::string, Schema> schemas_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_SELECTION_H_
