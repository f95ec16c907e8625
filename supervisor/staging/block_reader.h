// Reads an epoch's blocks by position. Keeps at most one segment open.
//
// One thread at a time. The folder has to outlive the reader.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_BLOCK_READER_H_
#define TRIBUTARY_SUPERVISOR_STAGING_BLOCK_READER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervisor/staging/block.h"
#include "supervisor/staging/epoch_folder.h"
#include "supervisor/staging/item.h"
#include "supervisor/staging/segment.h"

namespace tributary {

class BlockReader {
 public:
  // `folder`'s spans must be filled in.
  BlockReader(const EpochFolder* folder, std::string epoch_key);
  ~BlockReader();

  // The items from `position` to the end of its block. `written` is the segment
  // that is being written, if there is one. NOT_FOUND: dropped or never there.
  // DATA_LOSS, UNAVAILABLE: cannot be read.
  absl::StatusOr<StagedBlock> Read(std::uint64_t position, const Segment* written);

  // Takes over a segment that was open for writing, which is cheaper than opening it again.
  void Adopt(std::unique_ptr<Segment> segment) { open_ = std::move(segment); }
  // 0 for none.
  std::uint64_t open_segment() const { return open_ == nullptr ? 0 : open_->number(); }
  void Close() { open_.reset(); }

 private:
  absl::StatusOr<const Segment*> Use(std::uint64_t number, const Segment* written);
  absl::StatusOr<OpenedBlock> OpenAt(const leveldb::Iterator& at, const Segment& segment);
  absl::StatusOr<StagedBlock> ReadParts(std::size_t index, const OpenedBlock& first_part,
                                        const Segment* written);

  const EpochFolder* folder_;
  std::string epoch_key_;
  std::unique_ptr<Segment> open_;
  BlockOpener opener_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_BLOCK_READER_H_
