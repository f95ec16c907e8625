#include "supervisor/staging/epoch_folder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "supervisor/staging/private_env.h"
#include "supervisor/staging/segment.h"

namespace tributary {

bool EpochFolder::ParseName(const std::string& name, std::uint64_t* epoch) {
  return absl::SimpleHexAtoi(name, epoch) && absl::StrFormat("%016x", *epoch) == name;
}

absl::StatusOr<EpochFolder> EpochFolder::Load(leveldb::Env* env, std::string path,
                                              std::uint64_t epoch) {
  EpochFolder folder(env, std::move(path), epoch);
  absl::StatusOr<std::vector<std::string>> names = ListFolder(*env, folder.path_);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const std::string segment_path = absl::StrCat(folder.path_, "/", name);
    if (IsRubbish(name)) {
      absl::Status removed = RemoveFolder(*env, segment_path);
      if (!removed.ok()) return removed;
      continue;
    }
    const std::uint64_t number = ParseSegmentName(name);
    if (number == 0) continue;
    absl::StatusOr<std::uint64_t> bytes = FolderBytes(*env, segment_path);
    if (!bytes.ok()) return bytes.status();
    folder.segments_.push_back(SegmentSpan{number, {}, 0, *bytes});
  }
  std::sort(folder.segments_.begin(), folder.segments_.end(),
            [](const SegmentSpan& a, const SegmentSpan& b) { return a.number < b.number; });
  for (const SegmentSpan& segment : folder.segments_) folder.bytes_ += segment.bytes;
  return folder;
}

absl::StatusOr<EpochFolder> EpochFolder::Make(leveldb::Env* env, std::string path,
                                              std::uint64_t epoch) {
  if (env->FileExists(path)) {
    return absl::AlreadyExistsError(
        absl::StrCat("staging: epoch ", path, " was begun before; every sync needs a new one"));
  }
  leveldb::Status made = env->CreateDir(path);
  if (!made.ok()) return FromLevelDb(made, absl::StrCat("making ", path));
  return EpochFolder(env, std::move(path), epoch);
}

void EpochFolder::Add(const SegmentSpan& segment) {
  segments_.push_back(segment);
  bytes_ += segment.bytes;
}

void EpochFolder::SetLastBytes(std::uint64_t bytes) {
  bytes_ += bytes - segments_.back().bytes;
  segments_.back().bytes = bytes;
}

absl::Status EpochFolder::DropFirst() {
  absl::Status removed = RemoveFolder(*env_, SegmentPath(path_, segments_.front().number));
  if (!removed.ok()) return removed;
  bytes_ -= segments_.front().bytes;
  segments_.pop_front();
  return removed;
}

absl::Status EpochFolder::DropLast() {
  absl::Status removed = RemoveFolder(*env_, SegmentPath(path_, segments_.back().number));
  if (!removed.ok()) return removed;
  bytes_ -= segments_.back().bytes;
  segments_.pop_back();
  return removed;
}

absl::Status EpochFolder::Remove() {
  absl::Status removed = RemoveFolder(*env_, path_);
  if (!removed.ok()) return removed;
  bytes_ = 0;
  segments_.clear();
  return removed;
}

}  // namespace tributary
