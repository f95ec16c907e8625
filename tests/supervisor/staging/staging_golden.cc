// Writes a small staged epoch for tests/supervisor/staging/golden. Run it once for each new format
// version, and keep its output.
//
//   staging_golden FOLDER
#include <cstdio>
#include <filesystem>

#include "tests/supervisor/staging/staged_stream.h"

int main(int argc, char** argv) {
  using namespace tributary;
  if (argc != 2) {
    std::fprintf(stderr, "usage: staging_golden FOLDER\n");
    return 2;
  }
  StagingOptions options = OptionsFor(argv[1]);
  options.segment_bytes = 4 * limits::kKiB;
  auto store = StagingStore::Open(options);
  if (!store.ok()) return 1;
  auto writer = (*store)->Begin(kEpoch, kKey);
  if (!writer.ok()) return 1;
  StagedStream stream;
  if (!stream.Append(**writer, 1, 30).ok()) return 1;
  const std::string large = stream.BytesAt(31) + std::string(5 * limits::kMiB, '.');
  if (!(*writer)->Append({31, ItemKind::kBatch, large}).ok()) return 1;
  if (!(*writer)->Append({32, ItemKind::kBatch, kExpandedBatch, kCompactBatch}).ok()) return 1;
  if (!(*writer)->Append({33, ItemKind::kCheckpoint, "the end"}).ok()) return 1;
  writer->reset();
  store->reset();
  // Lock files belong to the machine that ran this, and are empty.
  for (const std::filesystem::path& file : FilesBelow(argv[1])) {
    if (file.filename() == "LOCK") std::filesystem::remove(file);
  }
  return 0;
}
