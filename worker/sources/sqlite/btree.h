// Estimates a table's size, and finds keys that cut it into even pieces, from a few pages of its
// b-tree (https://sqlite.org/fileformat2.html, section 1.6).
//
// SQLite's calls for either read the whole table. The inner pages have both: the number of
// children, and the keys between them, which are spread evenly over the bytes even if rowids are
// sparse. A table of one page costs one small read.
//
// Pages are not read through SQLite's cache, so in WAL mode they may be older than the transaction,
// or torn. Nothing here is trusted: a wrong size or cut makes slices uneven, but no row is missed
// or read twice, because any ascending keys make adjacent ranges.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_BTREE_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_BTREE_H_

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/btree_page.h"
#include "worker/sources/sqlite/version.h"

namespace tributary::sqlite {

class BTreeReader {
 public:
  // `db` must have a read transaction open while this is used.
  BTreeReader(sqlite3* db, const FileHeader& header);

  // Bytes of the rows under `root`, including overflow pages.
  std::uint64_t GuessBytes(std::uint32_t root);

  // A place between two subtrees: the last key before the cut.
  struct Cut {
    std::int64_t rowid = 0;
    Key key;
  };
  // At least `wanted` cuts in key order, if the tree has that many; from one table's inner pages
  // above the leaves. `key_columns`: how many values of an index key to decode, 0 for a rowid
  // table. Cuts whose key is not whole on its page are left out.
  std::vector<Cut> FindCuts(std::uint32_t root, std::size_t wanted, std::size_t key_columns);

 private:
  struct Level;
  std::optional<BTreePage> Read(std::uint32_t number, std::vector<unsigned char>& bytes);
  bool Expand(const Level& level, std::size_t key_columns, Level& next);
  std::optional<Key> DecodeKey(std::string_view cell, std::size_t columns) const;

  sqlite3_file* file_;
  std::uint32_t page_bytes_;
  // Without the bytes that the header reserves at each page's end.
  std::uint32_t usable_bytes_;
  bool utf8_;
  std::size_t pages_read_ = 0;
  std::vector<unsigned char> bytes_;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_BTREE_H_
