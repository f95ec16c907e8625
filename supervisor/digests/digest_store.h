// One connection's digests on the disk: sealed records in a LevelDB. FORMAT.md describes the bytes,
// digest_keeper.h the meaning of the records.
//
// A store in which LevelDB has found damage is removed when it is closed: LevelDB neither repairs
// it nor writes to it any longer. Without it, tables are copied again.
//
// Reads may come from one thread while another writes. Calls block on the disk.
#ifndef TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_STORE_H_
#define TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_STORE_H_

#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/iterator.h>
#include <leveldb/write_batch.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervisor/digests/held_logs.h"
#include "supervisor/digests/seal.h"

namespace tributary {

// Which record: a table's, of one kind. Names sort by table, kind and numbers.
struct RecordName {
  enum Kind : char {
    // DigestPiece. Numbers: generation, number. Before all others: pieces are written in the order
    // of their names, and LevelDB does not rewrite files whose names do not overlap.
    kPiece = 'A',
    // DigestLayout. Numbers: generation.
    kLayout = 'L',
    // Digests.entries of intents. Numbers: their own generation, the one that they were compared
    // with, its slice, number.
    kIntents = 'I',
    // Of a copy whose content has no name. Digests: rows that a slice's reading has given out
    // since its last mark. Numbers: generation, the reading, number.
    kGiven = 'G',
    // Digests: rows that were given out, and whose DELETEs are before any state of this generation
    // or a later one. Numbers: generation, number.
    kTakenBack = 'T',
    // The done ranges of the state from which this generation of it went on. Numbers: generation.
    kBegun = 'B',
  };
  // DigestStore::TableId.
  std::string table;
  Kind kind{};
  std::vector<std::uint64_t> numbers;

  std::string Encoded() const;
};

// A change to the store; all changes of one Write come to the disk together, or none does.
struct RecordChange {
  RecordName name;
  // Nothing: the record is deleted.
  std::optional<std::string> plain;
};

class DigestStore {
 public:
  static constexpr std::size_t kKeyBytes = AesGcm::kKeyBytes;

  DigestStore(const DigestStore&) = delete;
  DigestStore& operator=(const DigestStore&) = delete;
  ~DigestStore();

  // In the folder `path`, which is made if it is missing. `key`: kKeyBytes. UNAVAILABLE: the disk
  // fails. DATA_LOSS: the store is too damaged to open. PERMISSION_DENIED: it was made with another
  // key.
  static absl::StatusOr<std::unique_ptr<DigestStore>> Open(leveldb::Env* env,
                                                           const std::string& path,
                                                           std::string_view key);
  // Whether the folder has a store.
  static bool IsThere(leveldb::Env* env, const std::string& path);
  // Removes the folder's content. UNAVAILABLE: it is still there.
  static absl::Status Remove(leveldb::Env* env, const std::string& path);

  // Always the same for one table; does not reveal its name.
  std::string TableId(std::string_view schema, std::string_view table) const;
  // For workers: RowDigester's.
  const std::string& row_secret() const { return row_secret_; }

  // NOT_FOUND, DATA_LOSS, UNAVAILABLE.
  absl::StatusOr<std::string> Read(const RecordName& name);
  // The numbers of the table's records of a kind that begin with `prefix`, in order, until
  // `visit` says false. `visit` may read records, and not list them.
  absl::Status List(const std::string& table, RecordName::Kind kind,
                    const std::vector<std::uint64_t>& prefix,
                    const std::function<bool(const std::vector<std::uint64_t>&)>& visit);
  // The same for all of a kind whose generation is `first` or a later one; earlier ones are not
  // read.
  absl::Status ListFrom(const std::string& table, RecordName::Kind kind, std::uint64_t first,
                        const std::function<bool(const std::vector<std::uint64_t>&)>& visit);
  // The highest generation of any of the table's records, of any kind; 0: there are none.
  absl::StatusOr<std::uint64_t> LastGeneration(const std::string& table);

  // `synced`: when this returns, they and all earlier changes are on the disk, also after a power
  // cut.
  absl::Status Write(const std::vector<RecordChange>& changes, bool synced);

 private:
  DigestStore(leveldb::Env* env, std::string path) : env_(env), path_(std::move(path)) {}
  absl::Status Prepare(std::string_view key);
  absl::Status CheckKey();
  absl::Status OpenDatabase();
  // Notes damage.
  absl::Status FromDatabase(const leveldb::Status& status, absl::string_view doing);
  absl::Status Visit(const std::string& first, const std::string& head,
                     const std::function<bool(const std::vector<std::uint64_t>&)>& visit);
  // Sees all that was written before the call. Valid until the next call of either.
  leveldb::Iterator& Records();
  // Whether Records has met an error.
  absl::Status Listed();

  HeldLogs env_;
  const std::string path_;
  std::unique_ptr<leveldb::DB> database_;
  std::atomic<std::uint64_t> writes_{0};
  // Making one for each question costs more than the question. Renewed after each write.
  std::unique_ptr<leveldb::Iterator> records_;
  std::uint64_t records_as_of_ = 0;
  std::atomic<bool> damaged_ = false;
  // Each for one thread.
  std::unique_ptr<Seal> reading_;
  std::unique_ptr<Seal> writing_;
  // The writing thread's, kept so that their memory is taken once.
  std::string sealed_;
  leveldb::WriteBatch batch_;
  std::string table_secret_;
  std::string row_secret_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_STORE_H_
