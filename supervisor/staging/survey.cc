#include "supervisor/staging/survey.h"

#include <memory>
#include <string_view>

#include "supervisor/staging/block.h"
#include "supervisor/staging/private_env.h"

namespace tributary {

SegmentSurvey Survey(const Segment& segment) {
  SegmentSurvey survey;
  survey.first = segment.first();
  survey.next = segment.first();
  std::unique_ptr<leveldb::Iterator> at = segment.NewIterator();
  at->SeekToFirst();
  if (at->Valid()) at->Next();  // over the header
  BlockOpener opener;
  for (; at->Valid(); at->Next()) {
    const leveldb::Slice key = at->key();
    const leveldb::Slice value = at->value();
    absl::StatusOr<OpenedBlock> block =
        opener.Open(std::string_view(key.data(), key.size()),
                    std::string_view(value.data(), value.size()), segment.cipher());
    if (!block.ok()) {
      survey.good = block.status();
      return survey;
    }
    if (block->key != survey.next) {
      survey.good = absl::DataLossError("staging: a block is missing in the middle of a segment");
      return survey;
    }
    survey.next = block->next();
    if (block->shape.checkpoint && survey.next.part == 0) {
      survey.last_checkpoint = block->last_position();
    }
  }
  survey.good = FromLevelDb(at->status(), "reading a segment");
  return survey;
}

}  // namespace tributary
