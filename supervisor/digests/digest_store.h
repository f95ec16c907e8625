// One connection's digests on the disk: sealed records in a LevelDB. FORMAT.md has the
// bytes. What a record means is digest_keeper.h's.
//
// Reads may come from one thread while another writes. Calls block on the disk.
#ifndef TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_STORE_H_
#define TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_STORE_H_

#include <leveldb/db.h>
#include <leveldb/env.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervisor/digests/seal.h"
#include "supervisor/staging/private_env.h"

namespace tributary {

// Which record: a table's, of one kind. Names sort by table, kind and numbers.
struct RecordName {
  enum Kind : char {
    // DigestPiece. Numbers: generation, number.
    kPiece = 'P',
    // DigestLayout. Numbers: generation.
    kLayout = 'L',
    // Digests.entries of intents. Numbers: the generation that they were made on, the slice
    // of that, their own generation, number.
    kIntents = 'I',
  };
  // DigestStore::TableId.
  std::string table;
  Kind kind{};
  std::vector<std::uint64_t> numbers;

  std::string Encoded() const;
};

// A change to the store; all of one Write come to the disk together, or none.
struct RecordChange {
  RecordName name;
  // Nothing: the record goes.
  std::optional<std::string> plain;
};

class DigestStore {
 public:
  static constexpr std::size_t kKeyBytes = AesGcm::kKeyBytes;

  // In the folder `path`, made where it is missing. `key`: kKeyBytes. UNAVAILABLE: the disk
  // fails. DATA_LOSS: it is damaged so that it does not open. PERMISSION_DENIED: it was made
  // with another key.
  static absl::StatusOr<std::unique_ptr<DigestStore>> Open(leveldb::Env* env,
                                                           const std::string& path,
                                                           std::string_view key);
  // There is one in the folder.
  static bool IsThere(leveldb::Env* env, const std::string& path);
  // Removes what is in the folder. UNAVAILABLE: it is still there.
  static absl::Status Remove(leveldb::Env* env, const std::string& path);

  // The same for one table always; tells nobody its name.
  std::string TableId(std::string_view schema, std::string_view table) const;
  // For workers: RowDigester's.
  const std::string& row_secret() const { return row_secret_; }

  // NOT_FOUND, DATA_LOSS, UNAVAILABLE.
  absl::StatusOr<std::string> Read(const RecordName& name);
  // The numbers of the table's records of a kind that begin with `prefix`, in order, until
  // `visit` says false.
  absl::Status List(const std::string& table, RecordName::Kind kind,
                    const std::vector<std::uint64_t>& prefix,
                    const std::function<bool(const std::vector<std::uint64_t>&)>& visit);
  // The highest generation of any of the table's records, whatever it is of; 0: there are none.
  absl::StatusOr<std::uint64_t> LastGeneration(const std::string& table);

  // `synced`: they are on the disk for good when this returns, and all before them.
  absl::Status Write(const std::vector<RecordChange>& changes, bool synced);

 private:
  DigestStore(leveldb::Env* env, std::string path) : env_(env, true), path_(std::move(path)) {}
  absl::Status Prepare(std::string_view key);
  absl::Status CheckKey();
  absl::Status OpenDatabase();

  PrivateEnv env_;
  const std::string path_;
  std::unique_ptr<leveldb::DB> database_;
  // Each for one thread.
  std::unique_ptr<Seal> reading_;
  std::unique_ptr<Seal> writing_;
  std::string table_secret_;
  std::string row_secret_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_STORE_H_
