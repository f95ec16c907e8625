// The rows of one table on both sides of a comparison, read one by one in the canonical form of
// expected_value.h.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_COMPARED_ROWS_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_COMPARED_ROWS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/common.pb.h"
#include "tests/sync_tester/expected_value.h"
#include "tests/sync_tester/sqlite_file.h"
#include "tests/sync_tester/warehouse_layout.h"

namespace tributary::tester {

// What is compared: the columns that both sides have, those of the key first.
struct ComparedColumns {
  std::vector<const StoredColumn*> columns;
  // The declared type of each in the source; empty for the rowid.
  std::vector<std::string> declared;
  // 0: the table has no key, and rows that are equal in all columns are counted.
  std::size_t keys = 0;
};

// One row: the forms of all columns in one string, with the end of each.
class CanonicalRow {
 public:
  void Clear();
  void EndColumn() { ends_.push_back(bytes_.size()); }
  std::string& bytes() { return bytes_; }

  std::string_view All() const { return bytes_; }
  std::string_view Column(std::size_t i) const;
  // The columns before this one.
  std::string_view First(std::size_t count) const;

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

class SourceRows {
 public:
  static absl::StatusOr<SourceRows> Read(const SqliteFile& source, const std::string& table,
                                         const ComparedColumns& compared);
  // False: no more rows.
  absl::StatusOr<bool> Next(CanonicalRow& row);

 private:
  Statement statement_;
  std::vector<SentAs> sent_;
};

// Leaves out deleted rows.
class WarehouseRows {
 public:
  static absl::StatusOr<WarehouseRows> Read(const SqliteFile& warehouse, const StoredTable& table,
                                            const ComparedColumns& compared);
  absl::StatusOr<bool> Next(CanonicalRow& row);

 private:
  struct Place {
    std::size_t part;
    int at;
    fivetran_sdk::v2::DataType type;
  };

  // One for each part; a later part's statement finds a row by the key in the first part.
  std::vector<Statement> parts_;
  std::vector<Place> places_;
  int key_columns_ = 0;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_COMPARED_ROWS_H_
