// A connection's digests as a sync uses them: which generations there are, what a slice is
// held against, and what becomes of it.
//
// Each table has generations, numbered upwards. A state that comes back names one: it is the
// confirmed one, and what was given out after it, which is in intents on the disk, may be in
// the destination or not. A comparison makes the next generation, and what it gives out it
// has written down as intents before it leaves (delivery/journal.h). A copy that begins
// makes one as well, and all before it are gone from the disk before its TRUNCATE leaves, so
// that an older state which comes back finds nothing to rely upon.
//
// A generation's layout names its slices and, for each, the pieces with its rows; a slice
// that has not changed keeps the pieces of an earlier generation. Intents belong to a slice
// of the generation that they were made on.
//
// Used by the sync's thread. Reading blocks on the disk, writing does not.
#ifndef TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_KEEPER_H_
#define TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_KEEPER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/digests.pb.h"
#include "proto/worker.pb.h"
#include "supervisor/checkpoint/state.h"
#include "supervisor/digests/digest_store.h"
#include "supervisor/digests/digest_writer.h"

namespace tributary {

// How a table's rows can be held against digests; as CatalogTable has it.
using ComparisonKind = CatalogTable::Comparison;

class DigestKeeper {
 public:
  // Errors are DigestStore::Open's. `progress` is called from another thread.
  static absl::StatusOr<std::unique_ptr<DigestKeeper>> Open(leveldb::Env* env,
                                                            const std::string& path,
                                                            std::string_view key,
                                                            std::function<void()> progress);

  const std::string& row_secret() const { return store_->row_secret(); }
  DigestWriter& writer() { return *writer_; }

  // --- between two syncs: `confirmed` is what the state says of the table ---

  // Whether the table can be held against that generation. NOT_FOUND, DATA_LOSS: it cannot,
  // and why. UNAVAILABLE: the disk fails.
  absl::Status Check(const TableName& table, std::uint64_t confirmed);
  // Something was given out after it.
  bool HasUnconfirmed(const TableName& table, std::uint64_t confirmed);

  // --- copies ---

  // The generation of a copy that begins; what there was of the table goes. `earlier`: one
  // that an entry of it has named. 0: the disk fails, and none are kept. UNAVAILABLE: it
  // fails, and may still hold what an older state would rely upon.
  absl::StatusOr<std::uint64_t> BeginCopy(const TableName& table, std::uint64_t earlier);
  // No digests are kept any longer, of what is copied: a disk fails.
  void GiveUp() { given_up_ = true; }
  // Goes on with a copy that an earlier sync began.
  void ResumeCopy(const TableName& table, std::uint64_t generation);
  // Digests of rows that a slice's worker has read; `slice` tells its slices apart, `from` is
  // where this reading of it began.
  void AddCopied(const TableName& table, std::uint64_t slice, const std::string& from,
                 const Digests& digests);
  // Nothing of this slice's reading waits for more.
  void EndCopied(const TableName& table, std::uint64_t slice);
  // A copy of it has begun, and is not finished.
  bool Copies(const TableName& table) const { return copies_.contains(table); }
  // The whole table is copied. False: its digests are not whole, and there are none.
  bool FinishCopy(const TableName& table, ComparisonKind kind);

  // --- comparisons ---

  // Begins a generation on the confirmed one. Its slices, in the table's order. Errors as
  // Check's.
  absl::StatusOr<std::vector<BoundRange>> BeginComparison(const TableName& table,
                                                          std::uint64_t confirmed,
                                                          std::uint64_t returned);
  // What a slice is held against, all intents that were given included.
  absl::Status Load(const TableName& table, std::size_t slice, CompareAssignment& assignment);
  // Kinds ROWS, INTENTS and UNCHANGED.
  void AddCompared(const TableName& table, std::size_t slice, const Digests& digests);
  // The slice is read anew: what came of it counts no longer, its intents aside.
  void ForgetSlice(const TableName& table, std::size_t slice);
  // All slices are read. The generation that a state may name from now on.
  std::uint64_t FinishComparison(const TableName& table, ComparisonKind kind);
  // The table's comparison is given up, or begins again.
  void EndComparison(const TableName& table) { comparisons_.erase(table); }

 private:
  using Piece = DigestLayout::Piece;
  struct Bounded {
    std::string from;
    std::string to;
    Piece piece = {};
  };
  // What has come of a piece that is not at its bound yet.
  struct Gathering {
    std::string from;
    std::string entries = {};
    std::uint64_t rows = 0;
  };
  struct Copy {
    std::string id;
    std::uint64_t generation = 0;
    std::uint64_t next_number = 0;
    bool usable = true;
    // By their beginnings: what was read again takes the place of what was read before.
    std::map<std::string, Bounded> pieces = {};
    std::map<std::uint64_t, Gathering> gathering = {};
  };
  struct Comparison {
    std::string id;
    std::uint64_t base = 0;
    std::uint64_t generation = 0;
    std::uint64_t next_number = 0;
    // Something was given out in this generation or an unconfirmed one.
    bool changed = false;
    DigestLayout layout = {};
    // Slices that were given out in this generation: more of them may wait for the disk.
    std::set<std::size_t> loaded = {};
    // By slice: its new pieces. None: it is unchanged.
    std::map<std::size_t, std::vector<Bounded>> read = {};
    std::map<std::size_t, Gathering> gathering = {};
  };

  // How long what is read again waits for what it is held against.
  static constexpr std::chrono::seconds kReadPatience{30};

  DigestKeeper() = default;
  std::string Id(const TableName& table) const {
    return store_->TableId(table.schema, table.table);
  }
  absl::StatusOr<DigestLayout> ReadLayout(const std::string& id, std::uint64_t generation);
  absl::Status CheckIntents(const std::string& id, std::uint64_t confirmed, bool* any);
  // Adds to what is gathered; true: `bounded` is a whole piece, and is on its way to the disk.
  bool Gather(const std::string& id, std::uint64_t generation, std::uint64_t& next_number,
              Gathering& gathering, const Digests& digests, Bounded& bounded);
  // All that there is of a table, before anything that is put later leaves.
  absl::Status DropAll(const std::string& id);
  // What only generations before the one that came back need.
  void DropOld(const std::string& id, std::uint64_t returned, const DigestLayout& layout);

  std::unique_ptr<DigestStore> store_;
  std::unique_ptr<DigestWriter> writer_;
  bool given_up_ = false;
  // Of which something may wait for the disk.
  std::set<TableName> touched_;
  std::map<TableName, Copy> copies_;
  std::map<TableName, Comparison> comparisons_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_KEEPER_H_
