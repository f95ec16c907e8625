// A connection's digests as a sync uses them: which generations exist, what a slice is compared
// with, and the results.
//
// Each table has generations, with ascending numbers. A state that comes back names one: it is
// confirmed. Records that were sent after it are in intents on the disk, and may be in the
// destination or not. A comparison makes the next generation; the records that it sends are written
// as intents before they are sent (delivery/journal.h). A copy that begins makes a generation, too;
// all earlier ones are deleted from the disk before its TRUNCATE is sent, so that an older state
// that comes back finds nothing to compare with.
//
// A generation's layout names its slices and, for each slice, the pieces with its rows; a slice
// that has not changed keeps the pieces of an earlier generation. Intents belong to a slice of the
// generation that they were compared with.
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

// How a table's rows can be compared with digests; see CatalogTable.
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

  // --- between two syncs: `confirmed` is the generation that the state names ---

  // Whether the table can be compared with that generation. NOT_FOUND, DATA_LOSS: it cannot, and
  // why. UNAVAILABLE: the disk fails.
  absl::Status Check(const TableName& table, std::uint64_t confirmed);
  // Whether records were sent after it.
  bool HasUnconfirmed(const TableName& table, std::uint64_t confirmed);

  // --- copies ---

  // The generation of a copy that begins; all earlier digests of the table are deleted. `earlier`:
  // a generation that a state's entry has named, or 0. Returns 0: the disk fails, and no digests
  // are kept. UNAVAILABLE: it fails, and may still hold digests that an older state would use.
  absl::StatusOr<std::uint64_t> BeginCopy(const TableName& table, std::uint64_t earlier);
  // From now on no digests of copied rows are kept, because a disk fails.
  void GiveUp() { given_up_ = true; }
  // Continues a copy that an earlier sync began.
  void ResumeCopy(const TableName& table, std::uint64_t generation);
  // Digests of rows that a slice's worker has read; `slice` identifies the slice, `from` is the
  // bound where this reading of it began.
  void AddCopied(const TableName& table, std::uint64_t slice, const std::string& from,
                 const Digests& digests);
  // This reading of the slice has ended; an unfinished piece is dropped.
  void EndCopied(const TableName& table, std::uint64_t slice);
  // Whether a copy of it has begun and is not finished.
  bool Copies(const TableName& table) const { return copies_.contains(table); }
  // The whole table is copied. False: its digests are incomplete, so it has none.
  bool FinishCopy(const TableName& table, ComparisonKind kind);

  // --- comparisons ---

  // Begins a generation that is compared with the confirmed one. Returns its slices, in the table's
  // order. `returned`: the generation that the state which came back named. Errors are Check's.
  absl::StatusOr<std::vector<BoundRange>> BeginComparison(const TableName& table,
                                                          std::uint64_t confirmed,
                                                          std::uint64_t returned);
  // Puts into the assignment what the slice is compared with, including all its intents.
  absl::Status Load(const TableName& table, std::size_t slice, CompareAssignment& assignment);
  // Kinds ROWS, INTENTS and UNCHANGED.
  void AddCompared(const TableName& table, std::size_t slice, const Digests& digests);
  // The slice is read again: its results so far no longer count, except its intents.
  void ForgetSlice(const TableName& table, std::size_t slice);
  // All slices are read. Returns the generation that a state may name from now on.
  std::uint64_t FinishComparison(const TableName& table, ComparisonKind kind);
  // The table's comparison is abandoned, or begins again.
  void EndComparison(const TableName& table) { comparisons_.erase(table); }

 private:
  using Piece = DigestLayout::Piece;
  struct Bounded {
    std::string from;
    std::string to;
    Piece piece = {};
  };
  // The part of a piece that has arrived, before its bound.
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
    // By their beginnings: a piece that is read again replaces the earlier one.
    std::map<std::string, Bounded> pieces = {};
    std::map<std::uint64_t, Gathering> gathering = {};
  };
  struct Comparison {
    std::string id;
    std::uint64_t base = 0;
    std::uint64_t generation = 0;
    std::uint64_t next_number = 0;
    // Records were sent in this generation or an unconfirmed one.
    bool changed = false;
    DigestLayout layout = {};
    // Slices that were assigned in this generation: their intents may still wait for the disk.
    std::set<std::size_t> loaded = {};
    // By slice: its new pieces. No entry: it is unchanged.
    std::map<std::size_t, std::vector<Bounded>> read = {};
    std::map<std::size_t, Gathering> gathering = {};
  };

  // How long a slice or table that is read again waits until the disk has its intents.
  static constexpr std::chrono::seconds kReadPatience{30};

  DigestKeeper() = default;
  std::string Id(const TableName& table) const {
    return store_->TableId(table.schema, table.table);
  }
  absl::StatusOr<DigestLayout> ReadLayout(const std::string& id, std::uint64_t generation);
  absl::Status CheckIntents(const std::string& id, std::uint64_t confirmed, bool* any);
  // Adds to `gathering`; true: `bounded` is a whole piece, which is being written to the disk.
  bool Gather(const std::string& id, std::uint64_t generation, std::uint64_t& next_number,
              Gathering& gathering, const Digests& digests, Bounded& bounded);
  // Deletes all records of a table, before any message is sent that is put later.
  absl::Status DropAll(const std::string& id);
  // Deletes records that only generations before the one that came back need.
  void DropOld(const std::string& id, std::uint64_t returned, const DigestLayout& layout);

  std::unique_ptr<DigestStore> store_;
  std::unique_ptr<DigestWriter> writer_;
  bool given_up_ = false;
  // Tables whose records may still wait for the disk.
  std::set<TableName> touched_;
  std::map<TableName, Copy> copies_;
  std::map<TableName, Comparison> comparisons_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_KEEPER_H_
