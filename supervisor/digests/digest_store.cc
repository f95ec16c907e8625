#include "supervisor/digests/digest_store.h"

#include <leveldb/cache.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/staging/bytes.h"

namespace tributary {
namespace {

constexpr std::size_t kTableIdBytes = 16;
constexpr std::size_t kHeadBytes = kTableIdBytes + 1;
// Sorts before every table's records.
const std::string kKeyRecord(1, '\0');
constexpr std::string_view kKeyRecordText = "tributary digests 2";
constexpr std::string_view kRecordPurpose = "tributary digests: records";
constexpr std::string_view kTablePurpose = "tributary digests: names of tables";
constexpr std::string_view kRowPurpose = "tributary digests: rows";
constexpr std::size_t kTableSecretBytes = 32;
constexpr std::size_t kRowSecretBytes = 192;
// LevelDB keeps the index of each in memory.
constexpr int kMostOpenFiles = 100;
// What is kept for the next write.
constexpr std::size_t kKeptBatchBytes = 2 * limits::kMiB;
// LevelDB holds up to twice as much in memory.
constexpr std::size_t kWriteBufferBytes = 8 * limits::kMiB;

leveldb::Cache* SmallCache() {
  static leveldb::Cache* const cache = leveldb::NewLRUCache(limits::kMiB);
  return cache;
}

std::string Head(const std::string& table, RecordName::Kind kind) {
  return table + static_cast<char>(kind);
}

std::vector<std::uint64_t> NumbersOf(leveldb::Slice name) {
  std::vector<std::uint64_t> numbers;
  for (std::size_t at = kHeadBytes; at + sizeof(std::uint64_t) <= name.size();
       at += sizeof(std::uint64_t)) {
    numbers.push_back(LoadBig<std::uint64_t>(name.data() + at));
  }
  return numbers;
}

}  // namespace

DigestStore::~DigestStore() {
  records_.reset();
  database_.reset();
  // Or the same deletions would be made again in each sync that syncs nothing after them.
  env_.Sync();
  // LevelDB would find the damage again and again. If the folder stays, the next one tries it.
  if (damaged_) Remove(&env_, path_).IgnoreError();
}

absl::Status DigestStore::FromDatabase(const leveldb::Status& status, absl::string_view doing) {
  if (status.IsNotFound()) {
    return absl::NotFoundError(absl::StrCat("digests: ", doing, ": it is not there"));
  }
  const absl::Status failure = FromLevelDb(status, absl::StrCat("digests: ", doing));
  // The end of a table's file has no checksum: if it is damaged, LevelDB reads at places that no
  // file has.
  const bool reads_nowhere =
      status.IsIOError() && absl::EndsWith(status.ToString(), std::strerror(EINVAL));
  if (!absl::IsDataLoss(failure) && !reads_nowhere) return failure;
  damaged_ = true;
  return absl::DataLossError(
      absl::StrCat("digests: ", doing, ": ", status.ToString(),
                   "; they are removed, and the next sync copies the tables that have changed"));
}

std::string RecordName::Encoded() const {
  std::string name = Head(table, kind);
  for (const std::uint64_t number : numbers) {
    name.resize(name.size() + sizeof(number));
    StoreBig(number, name.data() + name.size() - sizeof(number));
  }
  return name;
}

absl::StatusOr<std::unique_ptr<DigestStore>> DigestStore::Open(leveldb::Env* env,
                                                               const std::string& path,
                                                               std::string_view key) {
  std::unique_ptr<DigestStore> store(new DigestStore(env, path));
  const absl::Status prepared = store->Prepare(key);
  if (!prepared.ok()) return prepared;
  absl::Status opened = store->OpenDatabase();
  if (opened.ok()) opened = store->CheckKey();
  if (!opened.ok()) return opened;
  return store;
}

bool DigestStore::IsThere(leveldb::Env* env, const std::string& path) {
  return env->FileExists(absl::StrCat(path, "/CURRENT"));
}

absl::Status DigestStore::Remove(leveldb::Env* env, const std::string& path) {
  if (!env->FileExists(path)) return absl::OkStatus();
  PrivateEnv guarded(env);
  return RemoveFolder(guarded, path);
}

absl::Status DigestStore::Prepare(std::string_view key) {
  if (key.size() != kKeyBytes) {
    return absl::InvalidArgumentError("digests: a key has to be 32 bytes");
  }
  auto record_key = DeriveBytes(kDigestsOwner, key, "", kRecordPurpose, AesGcm::kKeyBytes);
  if (!record_key.ok()) return record_key.status();
  for (auto* const seal : {&reading_, &writing_}) {
    auto made = Seal::Make(*record_key);
    if (!made.ok()) return made.status();
    *seal = *std::move(made);
  }
  auto tables = DeriveBytes(kDigestsOwner, key, "", kTablePurpose, kTableSecretBytes);
  auto rows = DeriveBytes(kDigestsOwner, key, "", kRowPurpose, kRowSecretBytes);
  if (!tables.ok()) return tables.status();
  if (!rows.ok()) return rows.status();
  table_secret_ = *std::move(tables);
  row_secret_ = *std::move(rows);
  return absl::OkStatus();
}

absl::Status DigestStore::OpenDatabase() {
  leveldb::Options options;
  options.env = &env_;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.info_log = SilentLevelDbLog();
  options.block_cache = SmallCache();
  options.write_buffer_size = kWriteBufferBytes;
  options.max_file_size = kWriteBufferBytes;
  options.compression = leveldb::kNoCompression;
  options.max_open_files = kMostOpenFiles;
  leveldb::DB* database = nullptr;
  const leveldb::Status opened = leveldb::DB::Open(options, path_, &database);
  database_.reset(database);
  return FromDatabase(opened, absl::StrCat("opening ", path_));
}

absl::Status DigestStore::CheckKey() {
  leveldb::ReadOptions options;
  options.fill_cache = false;
  std::string sealed;
  const leveldb::Status found = database_->Get(options, kKeyRecord, &sealed);
  if (found.ok()) {
    const auto text = reading_->Open(kKeyRecord, sealed);
    if (text.ok() && *text == kKeyRecordText) return absl::OkStatus();
    return absl::PermissionDeniedError(
        "digests: they belong to another history of this connection");
  }
  if (!found.IsNotFound()) return FromDatabase(found, "reading their first record");
  const absl::Status closed = writing_->Close(kKeyRecord, kKeyRecordText, sealed_);
  if (!closed.ok()) return closed;
  leveldb::WriteOptions synced;
  synced.sync = true;
  return FromDatabase(database_->Put(synced, kKeyRecord, sealed_), "writing their first record");
}

std::string DigestStore::TableId(std::string_view schema, std::string_view table) const {
  char length[sizeof(std::uint64_t)];
  StoreLittle(std::uint64_t{schema.size()}, length);
  const std::string text = absl::StrCat(table_secret_, std::string(length, sizeof(length)),
                                        std::string(schema), std::string(table));
  unsigned char hash[EVP_MAX_MD_SIZE] = {};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(hash), kTableIdBytes};
}

absl::StatusOr<std::string> DigestStore::Read(const RecordName& name) {
  // The seal finds damage of a record, but LevelDB would end the process for a damaged name.
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  // Most records are read once.
  options.fill_cache = false;
  const std::string encoded = name.Encoded();
  std::string sealed;
  const leveldb::Status read = database_->Get(options, encoded, &sealed);
  if (!read.ok()) return FromDatabase(read, "reading a record");
  return reading_->Open(encoded, sealed);
}

leveldb::Iterator& DigestStore::Records() {
  // Read first: what is written from here on makes the next call renew it.
  const std::uint64_t writes = writes_.load(std::memory_order_acquire);
  if (records_ == nullptr || records_as_of_ != writes) {
    leveldb::ReadOptions options;
    // Otherwise a damaged name would be missed.
    options.verify_checksums = true;
    options.fill_cache = false;
    records_.reset();
    records_.reset(database_->NewIterator(options));
    records_as_of_ = writes;
  }
  return *records_;
}

absl::Status DigestStore::Listed() {
  const leveldb::Status status = records_->status();
  // It would report the same for all other tables.
  if (!status.ok()) records_.reset();
  return FromDatabase(status, "looking for records");
}

absl::Status DigestStore::List(
    const std::string& table, RecordName::Kind kind, const std::vector<std::uint64_t>& prefix,
    const std::function<bool(const std::vector<std::uint64_t>&)>& visit) {
  const std::string head = RecordName{table, kind, prefix}.Encoded();
  return Visit(head, head, visit);
}

absl::Status DigestStore::ListFrom(
    const std::string& table, RecordName::Kind kind, std::uint64_t first,
    const std::function<bool(const std::vector<std::uint64_t>&)>& visit) {
  return Visit(RecordName{table, kind, {first}}.Encoded(), Head(table, kind), visit);
}

absl::Status DigestStore::Visit(
    const std::string& first, const std::string& head,
    const std::function<bool(const std::vector<std::uint64_t>&)>& visit) {
  leveldb::Iterator& at = Records();
  for (at.Seek(first); at.Valid() && at.key().starts_with(head); at.Next()) {
    if (!visit(NumbersOf(at.key()))) break;
  }
  return Listed();
}

absl::StatusOr<std::uint64_t> DigestStore::LastGeneration(const std::string& table) {
  leveldb::Iterator& at = Records();
  at.Seek(table);
  const bool any = at.Valid() && at.key().starts_with(table);
  if (const absl::Status listed = Listed(); !listed.ok()) return listed;
  std::uint64_t last = 0;
  if (!any) return last;
  for (const RecordName::Kind kind :
       {RecordName::kPiece, RecordName::kLayout, RecordName::kIntents, RecordName::kGiven,
        RecordName::kTakenBack, RecordName::kBegun}) {
    const std::string head = Head(table, kind);
    at.Seek(Head(table, static_cast<RecordName::Kind>(kind + 1)));
    at.Valid() ? at.Prev() : at.SeekToLast();
    if (at.Valid() && at.key().starts_with(head)) {
      const auto numbers = NumbersOf(at.key());
      if (!numbers.empty()) last = std::max(last, numbers[0]);
    }
    if (const absl::Status listed = Listed(); !listed.ok()) return listed;
  }
  return last;
}

absl::Status DigestStore::Write(const std::vector<RecordChange>& changes, bool synced) {
  batch_.Clear();
  for (const RecordChange& change : changes) {
    const std::string name = change.name.Encoded();
    if (!change.plain.has_value()) {
      batch_.Delete(name);
      continue;
    }
    const absl::Status sealed = writing_->Close(name, *change.plain, sealed_);
    if (!sealed.ok()) return sealed;
    batch_.Put(name, sealed_);
  }
  leveldb::WriteOptions options;
  options.sync = synced;
  const leveldb::Status written = database_->Write(options, &batch_);
  writes_.fetch_add(1, std::memory_order_release);
  if (batch_.ApproximateSize() > kKeptBatchBytes) {
    batch_ = leveldb::WriteBatch();
    sealed_ = std::string();
  }
  return FromDatabase(written, "writing");
}

}  // namespace tributary
