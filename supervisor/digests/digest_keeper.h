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
// If content has no name, a row that was sent may no longer be in the source when its slice is
// read again, after a worker's end or in the next sync. So such a copy writes intents, as a
// comparison does, and rows whose slice is read again are taken back first: their keys are deleted
// (nameless_copies.cc).
//
// Used by the sync's thread. Reading blocks on the disk, writing does not.
#ifndef TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_KEEPER_H_
#define TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_KEEPER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/digests.pb.h"
#include "proto/worker.pb.h"
#include "supervisor/checkpoint/state.h"
#include "supervisor/digests/deletions.h"
#include "supervisor/digests/digest_store.h"
#include "supervisor/digests/digest_writer.h"

namespace tributary {

// How a table's rows can be compared with digests; see CatalogTable.
using ComparisonKind = CatalogTable::Comparison;

// What the engine says of a table's content while it is copied.
enum class CopiedContent {
  // The same rows have the same name: what is read again is what was read before.
  kNamed,
  kNameless,
};

// Rows that were put into the stream and whose slice is read again.
struct GivenRows {
  // All of them are in these records; otherwise the table can only be copied again from TRUNCATE.
  bool known = true;
  std::vector<RecordName> records = {};
  // Once the keys of all `records` are deleted, a state may name this generation.
  std::uint64_t generation = 0;

  bool any() const { return !known || !records.empty(); }
};

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
  // Whether records were sent after it, or a copy has begun.
  bool HasUnconfirmed(const TableName& table, std::uint64_t confirmed);

  // --- copies ---

  // The generation of a copy that begins; all earlier digests of the table are deleted. `earlier`:
  // a generation that a state's entry has named, or 0. Returns 0: the disk fails, and no digests
  // are kept. UNAVAILABLE: it fails, and may still hold digests that an older state would use.
  absl::StatusOr<std::uint64_t> BeginCopy(const TableName& table, std::uint64_t earlier,
                                          CopiedContent content = CopiedContent::kNamed);
  // A copy begins that makes no digests; all earlier digests of the table are deleted. `earlier`
  // and UNAVAILABLE as BeginCopy's.
  absl::Status Drop(const TableName& table, std::uint64_t earlier);
  // From now on no digests of copied rows are kept, because a disk fails.
  void GiveUp() { given_up_ = true; }
  // Continues a copy that an earlier sync began, of content that has a name.
  void ResumeCopy(const TableName& table, std::uint64_t generation);
  // Whether a nameless copy may go on from a state with this generation and these done ranges.
  // NOT_FOUND, DATA_LOSS: it may not, and why. UNAVAILABLE: the disk fails.
  absl::Status MayResume(const TableName& table, std::uint64_t generation, const DoneRanges& done);
  // After MayResume: continues the copy. The returned rows have to be taken back first.
  GivenRows ResumeNamelessCopy(const TableName& table);
  // Adds to `assignment` what `given` names from record `at` on, as much as one may have; returns
  // the number of records. Errors as Check's.
  absl::StatusOr<std::size_t> LoadGiven(const GivenRows& given, std::size_t at,
                                        CompareAssignment& assignment);
  // Its keys are deleted in the stream; the table's state names this generation from here on.
  void TakenBack(const TableName& table, std::uint64_t generation);
  // Digests of rows that a slice's worker has read, or intents; `slice` identifies this reading of
  // a slice, `from` is the bound where it began.
  void AddCopied(const TableName& table, std::uint64_t slice, const std::string& from,
                 Digests digests);
  // All of this reading's rows up to here are in the stream, and so is their mark.
  void MarkCopied(const TableName& table, std::uint64_t slice);
  // This reading is over. What a nameless one gave out since its last mark.
  GivenRows EndCopied(const TableName& table, std::uint64_t slice);
  // A copy of it has begun, and is not finished.
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
  // The slice is read to its end, and is not loaded again.
  void FinishSlice(const TableName& table, std::size_t slice);
  // Kinds ROWS, INTENTS and UNCHANGED.
  void AddCompared(const TableName& table, std::size_t slice, Digests digests);
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
  // Given out since a reading's last mark.
  struct Unmarked {
    std::vector<std::pair<std::uint64_t, std::string>> intents = {};
    // Something without a digest.
    bool unknown = false;
    // The piece that has them, whose mark has not come.
    std::optional<Bounded> piece = {};
  };
  struct Copy {
    std::string id;
    // Of its pieces.
    std::uint64_t generation = 0;
    // That a state names from here on.
    std::uint64_t named = 0;
    // The highest in use.
    std::uint64_t last = 0;
    bool nameless = false;
    std::uint64_t next_number = 0;
    bool usable = true;
    // By their beginnings: a piece that is read again replaces the earlier one.
    std::map<std::string, Bounded> pieces = {};
    std::map<std::uint64_t, Gathering> gathering = {};
    std::map<std::uint64_t, Unmarked> unmarked = {};
  };
  // What MayResume has found.
  struct Resumption {
    std::uint64_t last = 0;
    std::uint64_t generation = 0;
    std::string from;
    std::map<std::string, Bounded> pieces = {};
    // In no done range.
    std::vector<RecordName> unmarked = {};
    std::vector<RecordName> taken_back = {};
  };
  // An intents record, apart from what it was compared with. A sync of a large table that did not
  // end leaves a million of them.
  struct Intents {
    std::uint64_t generation = 0;
    std::uint64_t number = 0;
  };
  // By slice that is not finished: of unconfirmed generations and of this one. Looking for them on
  // the disk, slice by slice, would read pieces beside them each time.
  using SliceIntents = std::map<std::uint64_t, std::vector<Intents>>;
  struct Comparison {
    std::string id;
    std::uint64_t base = 0;
    std::uint64_t generation = 0;
    std::uint64_t next_number = 0;
    // Records were sent in this generation or an unconfirmed one.
    bool changed = false;
    DigestLayout layout = {};
    SliceIntents intents = {};
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
  // The intents that were written after `confirmed`. Errors as Check's.
  absl::StatusOr<SliceIntents> FindIntents(const std::string& id, std::uint64_t confirmed);
  // Whether there are records of a kind and a generation after this one. Errors as Check's.
  absl::StatusOr<bool> HasAfter(const std::string& id, RecordName::Kind kind,
                                std::uint64_t generation);
  // Adds to `gathering`; true: `bounded` is a whole piece, which is being written to the disk.
  bool Gather(const std::string& id, std::uint64_t generation, std::uint64_t& next_number,
              Gathering& gathering, Digests&& digests, Bounded& bounded);
  static RecordName GivenRecord(const Copy& copy, std::uint64_t slice, std::uint64_t number);
  void NoteGiven(Copy& copy, std::uint64_t slice, const Digests& digests);
  // No later sync may continue it.
  void GiveUpCopy(Copy& copy);
  // The names of a table's records of a kind, in order.
  absl::StatusOr<std::vector<RecordName>> Names(const std::string& id, RecordName::Kind kind,
                                                const std::vector<std::uint64_t>& prefix = {});
  // The piece without its entries. Errors as DigestStore::Read's.
  absl::StatusOr<Bounded> ReadPiece(const RecordName& name);
  absl::Status FindPieces(const std::string& id, std::map<std::string, Bounded>& pieces);
  absl::Status FindResumption(const std::string& id, const DoneRanges& done, Resumption& found);
  // Records of an earlier attempt of this sync may still wait for the disk. Errors: it fails.
  absl::Status AwaitEarlierAttempt(const TableName& table);
  // Deletes all of the table's records, and begins `generation`, a later one. A power cut may leave
  // some records, but then it has begun, and no layout is left. Errors as Check's.
  absl::Status DropAll(const std::string& id, std::uint64_t generation, bool urgent);
  // Deletes records that only generations before the one that came back need. A power cut, or an
  // error, may leave some. But it leaves no layout without the intents that were compared with it.
  absl::Status DropOld(const std::string& id, std::uint64_t returned, const DigestLayout& layout);
  // Adds the deletions of all records of a kind and a generation up to `last`.
  absl::Status DropThrough(const std::string& id, RecordName::Kind kind, std::uint64_t last,
                           Deletions& deletions);
  // The generations up to `last` that have records of a kind.
  absl::StatusOr<std::vector<std::uint64_t>> Generations(const std::string& id,
                                                         RecordName::Kind kind, std::uint64_t last);

  std::unique_ptr<DigestStore> store_;
  std::unique_ptr<DigestWriter> writer_;
  bool given_up_ = false;
  // Tables whose records may still wait for the disk.
  std::set<TableName> touched_;
  std::map<TableName, Copy> copies_;
  std::map<TableName, Resumption> resumptions_;
  std::map<TableName, Comparison> comparisons_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_KEEPER_H_
