#include "tests/supervisor/staging/staged_stream.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "absl/strings/str_cat.h"

namespace tributary {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
  for (const fs::path& parent : {fs::path("/dev/shm"), fs::temp_directory_path()}) {
    path_ = parent / "staging-test-XXXXXX";
    if (::mkdtemp(path_.data()) != nullptr) return;
  }
  std::abort();
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

ItemKind StagedStream::KindAt(std::uint64_t position) const {
  return position % checkpoint_every == 0 ? ItemKind::kCheckpoint : ItemKind::kBatch;
}

std::string StagedStream::BytesAt(std::uint64_t position) const {
  std::mt19937_64 random(position);
  std::string bytes = absl::StrCat("position ", position, ": ", kSecret, ". ");
  while (bytes.size() < batch_bytes) {
    const std::uint64_t letters = random();
    bytes.append(reinterpret_cast<const char*>(&letters), sizeof(letters));
    if (random() % 2 == 0) bytes += kSecret;
  }
  return bytes;
}

absl::Status StagedStream::Append(EpochWriter& writer, std::uint64_t from,
                                  std::uint64_t through) const {
  for (std::uint64_t position = from; position <= through; ++position) {
    const std::string bytes = BytesAt(position);
    absl::Status status = writer.Append({position, KindAt(position), bytes});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

StagingOptions OptionsFor(const std::string& root) {
  StagingOptions options;
  options.root = root;
  options.connection = kConnection;
  options.limit_bytes = 1024 * limits::kMiB;
  return options;
}

std::string Difference(const StagedStream& stream, const StagedBlock& block, std::uint64_t first) {
  if (block.items.empty()) return "an empty block";
  for (const StagedItem& item : block.items) {
    if (item.position != first) {
      return absl::StrCat("position ", item.position, " where ", first, " was due");
    }
    if (item.kind != stream.KindAt(first) || item.bytes != stream.BytesAt(first)) {
      return absl::StrCat("other bytes at position ", first);
    }
    ++first;
  }
  return "";
}

Replayed ReplayAll(const StagingOptions& options, const StagedStream& stream, std::uint64_t after,
                   const std::string& key, const std::string& epoch) {
  Replayed replayed;
  auto store = StagingStore::Open(options);
  replayed.status = store.status();
  if (!store.ok()) return replayed;
  auto replay = (*store)->OpenReplay(epoch, key, after);
  replayed.status = replay.status();
  if (!replay.ok()) return replayed;
  const StagedItem& checkpoint = (*replay)->last_checkpoint();
  if (checkpoint.kind != ItemKind::kCheckpoint ||
      checkpoint.bytes != stream.BytesAt(checkpoint.position)) {
    replayed.difference = "the last checkpoint is not a checkpoint";
    return replayed;
  }
  for (std::uint64_t due = after + 1;;) {
    auto block = (*replay)->Next();
    replayed.status = block.status();
    if (!block.ok()) return replayed;
    if (!block->has_value()) break;
    replayed.difference = Difference(stream, **block, due);
    if (!replayed.difference.empty()) return replayed;
    if (replayed.first == 0) replayed.first = due;
    replayed.last = (*block)->items.back().position;
    due = replayed.last + 1;
  }
  if (replayed.last != checkpoint.position)
    replayed.difference = "it ends before its last checkpoint";
  return replayed;
}

std::vector<fs::path> FilesBelow(const std::string& root) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadWhole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteWhole(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void CopyFolder(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

}  // namespace tributary
