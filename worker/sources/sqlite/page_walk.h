// The leaf pages of a rowid table, in the order of its rows, with their digests: beside the reading
// of a slice, which may skip pages that are known.
//
// Pages may be damaged or made by an attacker, and then they may differ from what SQLite reads. So
// the reader checks that each page ended where the walk says, and otherwise does without it.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_PAGE_WALK_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_PAGE_WALK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/worker.pb.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/btree_page.h"
#include "worker/sources/sqlite/pages.h"

namespace tributary::sqlite {

class PageWalk {
 public:
  using PageHash = std::array<std::uint64_t, 2>;

  // `pages` outlives it.
  explicit PageWalk(Pages& pages) : pages_(pages) {}

  // The pages that hold `rowids`, within the open transaction. A page's digest covers its rows as
  // `read` sends them, and is keyed with its secret. False: there are none to be had.
  bool Begin(const ReadAssignment& read, const RowidRange& rowids);

  struct Leaf {
    // Of the range; at least one.
    std::size_t rows = 0;
    std::int64_t last_rowid = 0;
    // Nothing if a part of its rows is out of the range, or it has long overflow pages.
    std::optional<PageHash> hash;
    // As RowJudge has it: 16 bytes, or empty.
    std::string_view digest() const;
  };
  // Nothing: at the range's end, or the pages cannot be read.
  std::optional<Leaf> Next();

 private:
  struct Inner {
    std::string bytes;
    BTreePage page;
    // The child to go to.
    std::size_t child = 0;
  };

  // Puts the inner pages down to the leaf at `number` on the path, and reads that.
  bool Descend(std::uint32_t number);
  // The path's next child.
  std::optional<std::uint32_t> NextChild();
  // Of the leaf in `leaf_`; no rows: none is in the range.
  Leaf Measure() const;
  std::optional<PageHash> HashOfLeaf();
  PageHash Hash(std::string_view bytes) const;

  Pages& pages_;
  std::string secret_;
  RowidRange rowids_;
  std::uint32_t root_ = 0;
  // Of all that the rows depend on beside their pages.
  PageHash interpretation_{};
  std::vector<Inner> path_;
  std::string leaf_bytes_;
  BTreePage leaf_;
  bool begun_ = false;
  // Of the leaf before.
  std::optional<std::int64_t> last_rowid_;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_PAGE_WALK_H_
