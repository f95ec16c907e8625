// Pages as the open transaction sees them, in WAL mode as well: they come through SQLite's cache
// (amalgamation/page_access.h). And where each table's pages begin.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_PAGES_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_PAGES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite {

class Pages {
 public:
  // `connection` outlives this.
  explicit Pages(Connection& connection) : connection_(connection) {}
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  struct Tree {
    std::uint32_t root = 0;
    // How rows are made of the pages: the table's declaration (it has the defaults of columns that
    // older rows lack, and the expressions of generated columns), the text encoding, and the
    // version of SQLite.
    std::string interpretation;
  };
  // Within a transaction, before the others. Null if there is no such table, or pages cannot be
  // read.
  const Tree* Find(const std::string& table);
  // Of the database of the last Find: bytes of a page, without those that are reserved at its end.
  std::uint64_t usable_bytes() const { return usable_bytes_; }
  // The usable bytes of a page. False: it cannot be read.
  bool Read(std::uint32_t number, std::string& bytes);

  // Calls `add` for the pages that a cell's payload continues on. `has_child`: it begins with a
  // page's number; `index`: as in BTreePage. False: `add` returned false, or they are damaged.
  bool ReadOverflow(std::string_view cell, bool has_child, bool index,
                    absl::FunctionRef<bool(std::string_view)> add);

 private:
  // Makes `trees_` and `read_` those of this opening and schema.
  absl::Status Prepare();

  Connection& connection_;
  std::uint64_t opening_ = 0;
  int schema_ = 0;
  // By names in lower case.
  std::unordered_map<std::string, Tree> trees_;
  std::uint64_t usable_bytes_ = 0;
  std::string overflow_;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_PAGES_H_
