#include "supervisor/staging/staging.h"

#include <sys/stat.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary {
namespace {

constexpr std::size_t kMinConnectionDigits = 16;
constexpr std::size_t kMaxConnectionDigits = 128;
constexpr std::uint64_t kSegmentsInLimit = 8;

bool IsConnection(std::string_view name) {
  return name.size() >= kMinConnectionDigits && name.size() <= kMaxConnectionDigits &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

absl::Status MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("staging: making ", path, ": ", std::strerror(errno),
                   "; repair that disk or its permissions, or name another --staging-dir"));
}

absl::StatusOr<std::uint64_t> EpochOf(const std::string& name, std::string_view key) {
  std::uint64_t epoch = 0;
  if (!EpochFolder::ParseName(name, &epoch)) {
    return absl::InvalidArgumentError("staging: an epoch is 16 lower-case hexadecimal digits");
  }
  if (key.size() != SegmentCipher::kEpochKeyBytes) {
    return absl::InvalidArgumentError("staging: an epoch's key has to be 32 bytes");
  }
  return epoch;
}

std::string EpochPath(const std::string& connection_path, const std::string& epoch) {
  return absl::StrCat(connection_path, "/", epoch);
}

timespec LastChanged(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mtim : timespec{};
}

// Whether it was dropped. Holds the lock while it removes, so that no one begins to stage in the
// folder.
absl::StatusOr<bool> DropIfAbandoned(leveldb::Env& env, const std::string& path,
                                     absl::Duration older_than, absl::Time now) {
  absl::StatusOr<absl::Time> touched = ConnectionLock::LastTouched(path);
  if (!touched.ok()) return touched.status();
  if (now - *touched <= older_than) return false;
  absl::StatusOr<ConnectionLock> lock = ConnectionLock::Acquire(path);
  if (absl::IsAborted(lock.status())) return false;
  if (!lock.ok()) return lock.status();
  absl::Status removed = RemoveFolder(env, path);
  if (!removed.ok()) return removed;
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StagingStore>> StagingStore::Open(const StagingOptions& options) {
  if (!IsConnection(options.connection) || options.limit_bytes == 0 || options.segment_bytes == 0 ||
      options.segment_bytes > limits::kStagingSegmentBytes) {
    return absl::InvalidArgumentError(
        "staging: the connection has to be hexadecimal digits, the limit above 0, and a segment "
        "no larger than LevelDB's write buffer allows");
  }
  absl::Status made = MakeFolder(options.root);
  if (!made.ok()) return made;
  std::string path = absl::StrCat(options.root, "/", options.connection);
  made = MakeFolder(path);
  if (!made.ok()) return made;
  absl::StatusOr<ConnectionLock> lock = ConnectionLock::Acquire(path);
  if (!lock.ok()) return lock.status();
  std::unique_ptr<StagingStore> store(new StagingStore(options, std::move(path), *std::move(lock)));
  absl::Status loaded = store->Load();
  if (!loaded.ok()) return loaded;
  return store;
}

StagingStore::StagingStore(const StagingOptions& options, std::string path, ConnectionLock lock)
    : env_(options.env),
      path_(std::move(path)),
      lock_(std::move(lock)),
      segment_bytes_(std::min(options.segment_bytes, options.limit_bytes / kSegmentsInLimit + 1)),
      room_(options.limit_bytes) {
  lock_.Touch();
}

StagingStore::~StagingStore() {
  for (const RoomEpoch& epoch : room_.epochs()) assert(!epoch.held);
  lock_.Touch();
}

absl::Status StagingStore::Load() {
  absl::StatusOr<std::vector<std::string>> names = ListFolder(env_, path_);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const std::string path = EpochPath(path_, name);
    if (IsRubbish(name)) {
      absl::Status removed = RemoveFolder(env_, path);
      if (!removed.ok()) return removed;
      continue;
    }
    std::uint64_t epoch = 0;
    if (!EpochFolder::ParseName(name, &epoch)) continue;
    absl::StatusOr<EpochFolder> folder = EpochFolder::Load(&env_, path, epoch);
    if (!folder.ok()) return folder.status();
    room_.epochs().push_back(RoomEpoch{*std::move(folder)});
  }
  room_.epochs().sort([](const RoomEpoch& a, const RoomEpoch& b) {
    const timespec x = LastChanged(a.folder.path());
    const timespec y = LastChanged(b.folder.path());
    return std::pair(x.tv_sec, x.tv_nsec) < std::pair(y.tv_sec, y.tv_nsec);
  });
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Replay>> StagingStore::OpenReplay(
    const std::string& epoch, std::string_view key, std::uint64_t after_position,
    const std::function<bool()>& given_up) {
  absl::StatusOr<std::uint64_t> id = EpochOf(epoch, key);
  if (!id.ok()) return id.status();
  RoomEpoch* const found = room_.Find(*id);
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat("staging: epoch ", epoch, " is not held"));
  }
  if (found->held) {
    return absl::FailedPreconditionError(absl::StrCat("staging: epoch ", epoch, " is in use"));
  }
  std::unique_ptr<Replay> replay(new Replay(found, std::string(key)));
  absl::Status prepared = replay->Prepare(after_position, given_up);
  if (!prepared.ok()) return prepared;
  return replay;
}

absl::StatusOr<std::unique_ptr<EpochWriter>> StagingStore::Begin(const std::string& epoch,
                                                                 std::string_view key) {
  absl::StatusOr<std::uint64_t> id = EpochOf(epoch, key);
  if (!id.ok()) return id.status();
  for (const RoomEpoch& each : room_.epochs()) {
    if (!each.written) continue;
    return absl::FailedPreconditionError("staging: this connection has a writer already");
  }
  absl::StatusOr<EpochFolder> folder = EpochFolder::Make(&env_, EpochPath(path_, epoch), *id);
  if (!folder.ok()) return folder.status();
  room_.epochs().push_back(RoomEpoch{*std::move(folder)});
  lock_.Touch();
  return std::unique_ptr<EpochWriter>(
      new EpochWriter(&room_, &room_.epochs().back(), &lock_, std::string(key), segment_bytes_));
}

absl::Status StagingStore::KeepOnly(const std::vector<std::string>& epochs) {
  std::vector<std::uint64_t> kept;
  for (const std::string& name : epochs) {
    std::uint64_t epoch = 0;
    if (EpochFolder::ParseName(name, &epoch)) kept.push_back(epoch);
  }
  const auto stays = [&kept](const RoomEpoch& epoch) {
    return std::find(kept.begin(), kept.end(), epoch.folder.epoch()) != kept.end();
  };
  for (const RoomEpoch& epoch : room_.epochs()) {
    if (epoch.held && !stays(epoch)) {
      return absl::FailedPreconditionError(
          absl::StrCat("staging: epoch ", epoch.folder.path(), " is in use and cannot be dropped"));
    }
  }
  for (auto epoch = room_.epochs().begin(); epoch != room_.epochs().end();) {
    if (stays(*epoch)) {
      ++epoch;
      continue;
    }
    absl::Status removed = epoch->folder.Remove();
    if (!removed.ok()) return removed;
    epoch = room_.epochs().erase(epoch);
  }
  return absl::OkStatus();
}

absl::StatusOr<int> StagingStore::DropAbandoned(const std::string& root, absl::Duration older_than,
                                                absl::Time now, leveldb::Env* env) {
  absl::StatusOr<std::vector<std::string>> names = ListFolder(*env, root);
  if (!names.ok()) return names.status();
  int dropped = 0;
  absl::Status failure;
  for (const std::string& name : *names) {
    const std::string path = absl::StrCat(root, "/", name);
    // The folder may hold files that are not ours.
    if (IsRubbish(name) && IsConnection(NameBefore(name))) {
      failure.Update(RemoveFolder(*env, path));
    } else if (IsConnection(name)) {
      absl::StatusOr<bool> gone = DropIfAbandoned(*env, path, older_than, now);
      failure.Update(gone.status());
      if (gone.value_or(false)) ++dropped;
    }
  }
  if (!failure.ok()) return failure;
  return dropped;
}

}  // namespace tributary
