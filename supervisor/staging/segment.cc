#include "supervisor/staging/segment.h"

#include <cstdio>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/limits.h"
#include "leveldb/cache.h"
#include "leveldb/options.h"
#include "supervisor/staging/private_env.h"

namespace tributary {
namespace {

constexpr std::size_t kSegmentNameDigits = 8;
// Manifest, CURRENT and the header's record.
constexpr std::uint64_t kEmptySegmentBytes = 512;

// Blocks are read from the memtable; there are no tables that could use a cache.
leveldb::Cache* NoCache() {
  static leveldb::Cache* const cache = leveldb::NewLRUCache(0);
  return cache;
}

leveldb::Slice AsSlice(const EncodedBlockKey& key) { return {key.data(), key.size()}; }

}  // namespace

std::string SegmentPath(const std::string& epoch_path, std::uint64_t number) {
  return absl::StrFormat("%s/%08d", epoch_path, number);
}

std::uint64_t ParseSegmentName(const std::string& name) {
  std::uint64_t number = 0;
  if (name.size() < kSegmentNameDigits || !absl::SimpleAtoi(name, &number) ||
      absl::StrFormat("%08d", number) != name) {
    return 0;
  }
  return number;
}

std::uint64_t Segment::BytesFor(std::uint64_t value_bytes) {
  constexpr std::uint64_t kLogBlockBytes = 32 * limits::kKiB;
  constexpr std::uint64_t kLogRecordHeadBytes = 7;
  constexpr std::uint64_t kBatchHeadBytes = 12 + 1 + 1 + kBlockKeyBytes + 5;
  const std::uint64_t payload = value_bytes + kBatchHeadBytes;
  return payload + (payload / kLogBlockBytes + 2) * 2 * kLogRecordHeadBytes;
}

absl::Status Segment::OpenDatabase(leveldb::Env* env, const std::string& path, bool create) {
  path_ = path;
  leveldb::Options options;
  options.env = env;
  options.create_if_missing = create;
  options.error_if_exists = create;
  // Damaged records are left out, not refused: the records before them are valid.
  options.paranoid_checks = false;
  options.info_log = SilentLevelDbLog();
  options.block_cache = NoCache();
  options.write_buffer_size = limits::kStagingWriteBufferBytes;
  options.compression = leveldb::kNoCompression;
  // Without it, opening would rewrite the whole segment as a table.
  options.reuse_logs = true;
  leveldb::DB* database = nullptr;
  leveldb::Status status = leveldb::DB::Open(options, path, &database);
  database_.reset(database);
  return FromLevelDb(status, absl::StrCat(create ? "making segment " : "opening segment ", path));
}

absl::StatusOr<std::unique_ptr<Segment>> Segment::Create(leveldb::Env* env,
                                                         const std::string& epoch_path,
                                                         std::uint64_t epoch, std::uint64_t number,
                                                         BlockKey first,
                                                         std::string_view epoch_key) {
  std::unique_ptr<Segment> segment(new Segment);
  absl::StatusOr<std::string> salt = DrawBytes(kStagingOwner, SegmentCipher::kSaltBytes);
  if (!salt.ok()) return salt.status();
  segment->header_ = SegmentHeader{epoch, number, first, *std::move(salt)};
  absl::StatusOr<std::unique_ptr<SegmentCipher>> cipher =
      SegmentCipher::Derive(epoch_key, segment->header_.salt, epoch, number);
  if (!cipher.ok()) return cipher.status();
  segment->cipher_ = *std::move(cipher);
  absl::Status status = segment->OpenDatabase(env, SegmentPath(epoch_path, number), true);
  if (!status.ok()) return status;
  absl::StatusOr<std::string> header = SealHeader(segment->header_, *segment->cipher_);
  if (!header.ok()) return header.status();
  status = segment->Put(kHeaderKey, *header);
  if (!status.ok()) return status;
  segment->bytes_written_ = kEmptySegmentBytes;
  return segment;
}

absl::StatusOr<std::unique_ptr<Segment>> Segment::Open(leveldb::Env* env,
                                                       const std::string& epoch_path,
                                                       std::uint64_t epoch, std::uint64_t number,
                                                       std::string_view epoch_key) {
  const std::string path = SegmentPath(epoch_path, number);
  // LevelDB writes CURRENT last when it makes a database.
  if (!env->FileExists(absl::StrCat(path, "/CURRENT"))) {
    return absl::NotFoundError(absl::StrCat("staging: segment ", path, " was never finished"));
  }
  std::unique_ptr<Segment> segment(new Segment);
  absl::Status status = segment->OpenDatabase(env, path, false);
  if (!status.ok()) return status;
  std::unique_ptr<leveldb::Iterator> at = segment->NewIterator();
  at->SeekToFirst();
  if (!at->Valid()) {
    return absl::NotFoundError(absl::StrCat("staging: segment ", path, " holds nothing"));
  }
  const EncodedBlockKey header_key = EncodeBlockKey(kHeaderKey);
  if (at->key() != AsSlice(header_key)) {
    return absl::DataLossError(absl::StrCat("staging: segment ", path, " has lost its header"));
  }
  absl::StatusOr<OpenedHeader> opened =
      OpenHeader(std::string_view(at->value().data(), at->value().size()), epoch_key);
  if (!opened.ok()) return opened.status();
  if (opened->header.epoch != epoch || opened->header.segment != number) {
    return absl::DataLossError(
        absl::StrCat("staging: segment ", path, " is not the one that its name says"));
  }
  segment->header_ = std::move(opened->header);
  segment->cipher_ = std::move(opened->cipher);
  return segment;
}

absl::Status Segment::Put(BlockKey key, std::string_view value) {
  const EncodedBlockKey encoded = EncodeBlockKey(key);
  batch_.Clear();
  batch_.Put(AsSlice(encoded), leveldb::Slice(value.data(), value.size()));
  leveldb::Status status = database_->Write(leveldb::WriteOptions(), &batch_);
  if (!status.ok()) return FromLevelDb(status, absl::StrCat("writing segment ", path_));
  bytes_written_ += BytesFor(value.size());
  return absl::OkStatus();
}

std::unique_ptr<leveldb::Iterator> Segment::NewIterator() const {
  return std::unique_ptr<leveldb::Iterator>(database_->NewIterator(leveldb::ReadOptions()));
}

}  // namespace tributary
