// A stream whose content all tests know, and a folder to stage it in.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_STAGING_STAGED_STREAM_H_
#define TRIBUTARY_TESTS_SUPERVISOR_STAGING_STAGED_STREAM_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "supervisor/staging/staging.h"

namespace tributary {

inline const std::string kConnection = "0123456789abcdef0123456789abcdef";
inline const std::string kEpoch = "00000000000000e1";
inline const std::string kOtherEpoch = "00000000000000e2";
inline const std::string kKey = "a key of thirty-two bytes, fixed";
// Contained in every batch and in every checkpoint.
inline const std::string kSecret = "Rosalind Franklin, 5 Donovan Court";

// Two rows with one column in their compact form, and the batch that this form expands to.
inline const std::string kCompactBatch(
    "\x1a\0\0\0\1\0\0\0\2\0\0\0hh\4\0\0\0\x0a\1c\x12\x28\1\x28\2", 26);
inline const std::string kExpandedBatch =
    "\x32\x1a\x0a\x0bhh\x22\7\x0a\1c\x12\2\x28\1\x0a\x0bhh\x22\7\x0a\1c\x12\2\x28\2";

// A folder that is removed at the end: in memory if possible, because the tests write tens of
// thousands of small files; otherwise a temporary one.
class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The stream: at each position a message of about `batch_bytes`, made from the position alone;
// every `checkpoint_every`th message is a checkpoint.
struct StagedStream {
  std::uint64_t checkpoint_every = 5;
  std::size_t batch_bytes = 400;

  ItemKind KindAt(std::uint64_t position) const;
  std::string BytesAt(std::uint64_t position) const;
  // Appends positions [from, through].
  absl::Status Append(EpochWriter& writer, std::uint64_t from, std::uint64_t through) const;
};

StagingOptions OptionsFor(const std::string& root);

// Compares each item with the stream. Describes the first difference; empty: there is none.
std::string Difference(const StagedStream& stream, const StagedBlock& block, std::uint64_t first);

struct Replayed {
  // The status of opening the store, of OpenReplay or of the Next that failed.
  absl::Status status;
  // The positions of the first and the last item; 0 if there is none.
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  // Empty if all items were equal to the stream's, in order, and the last one was the expected
  // checkpoint.
  std::string difference;
};

// Opens a store and replays everything after `after`.
Replayed ReplayAll(const StagingOptions& options, const StagedStream& stream, std::uint64_t after,
                   const std::string& key = kKey, const std::string& epoch = kEpoch);

// All files in `root` and its folders, sorted.
std::vector<std::filesystem::path> FilesBelow(const std::string& root);
std::string ReadWhole(const std::filesystem::path& path);
void WriteWhole(const std::filesystem::path& path, const std::string& bytes);
void CopyFolder(const std::string& from, const std::string& to);

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_SUPERVISOR_STAGING_STAGED_STREAM_H_
