#include "supervisor/staging/replay.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "supervisor/staging/segment.h"
#include "supervisor/staging/survey.h"

namespace tributary {
namespace {

// The last segments of an epoch, as many as are needed to continue after a position. Surveyed from
// the end, because mostly few are needed.
struct Walk {
  // Index of the first surveyed segment among the epoch's.
  std::size_t begin = 0;
  std::deque<absl::StatusOr<SegmentSurvey>> surveys;
};

// The part of a walk that can be replayed.
struct Extent {
  std::uint64_t last_checkpoint = 0;
  // Index after that of the segment that holds it.
  std::size_t end = 0;
  // Why it does not reach further; OK if everything is intact.
  absl::Status cut;
};

absl::Status NothingBehind(std::uint64_t position) {
  return absl::NotFoundError(
      absl::StrCat("staging: no checkpoint is staged after position ", position));
}

absl::StatusOr<SegmentSurvey> SurveySegment(const EpochFolder& folder, std::uint64_t number,
                                            const std::string& epoch_key) {
  absl::StatusOr<std::unique_ptr<Segment>> segment =
      Segment::Open(folder.env(), folder.path(), folder.epoch(), number, epoch_key);
  if (!segment.ok()) return segment.status();
  return Survey(**segment);
}

absl::StatusOr<Walk> WalkBack(const EpochFolder& folder, BlockKey wanted,
                              const std::string& epoch_key, const std::function<bool()>& given_up) {
  Walk walk;
  bool any_good = false;
  for (std::size_t i = folder.segments().size(); i-- > 0;) {
    if (given_up()) return absl::CancelledError("staging: the replay is no longer wanted");
    absl::StatusOr<SegmentSurvey> survey =
        SurveySegment(folder, folder.segments()[i].number, epoch_key);
    // The process was killed while the last segment was being made.
    const bool torn = absl::IsNotFound(survey.status()) && walk.surveys.empty();
    if (torn && i > 0) continue;
    if (!any_good &&
        (absl::IsPermissionDenied(survey.status()) || absl::IsUnimplemented(survey.status()))) {
      return survey.status();
    }
    if (torn) break;
    any_good = any_good || survey.ok();
    const bool reached = survey.ok() && survey->first <= wanted;
    walk.begin = i;
    walk.surveys.push_front(std::move(survey));
    if (reached) break;
  }
  return walk;
}

Extent Measure(const EpochFolder& folder, const Walk& walk) {
  Extent extent;
  const std::deque<SegmentSpan>& segments = folder.segments();
  for (std::size_t i = 0; i < walk.surveys.size(); ++i) {
    const absl::StatusOr<SegmentSurvey>& survey = walk.surveys[i];
    if (!survey.ok()) {
      extent.cut = survey.status();
      return extent;
    }
    const std::size_t segment = walk.begin + i;
    if (i > 0 && (survey->first != walk.surveys[i - 1]->next ||
                  segments[segment].number != segments[segment - 1].number + 1)) {
      extent.cut = absl::DataLossError("staging: something is missing between two segments");
      return extent;
    }
    if (survey->last_checkpoint > 0) {
      extent.last_checkpoint = survey->last_checkpoint;
      extent.end = segment + 1;
    }
    if (!survey->good.ok()) {
      extent.cut = survey->good;
      return extent;
    }
  }
  return extent;
}

}  // namespace

Replay::Replay(RoomEpoch* epoch, std::string epoch_key)
    : epoch_(epoch), epoch_key_(std::move(epoch_key)), reader_(&epoch->folder, epoch_key_) {
  epoch_->held = true;
  epoch_->droppable_through = 0;
}

Replay::~Replay() {
  epoch_->held = false;
  OPENSSL_cleanse(epoch_key_.data(), epoch_key_.size());
}

absl::Status Replay::Prepare(std::uint64_t after_position, const std::function<bool()>& given_up) {
  EpochFolder& folder = epoch_->folder;
  const BlockKey wanted{after_position + 1, 0};
  absl::StatusOr<Walk> walk = WalkBack(folder, wanted, epoch_key_, given_up);
  if (!walk.ok()) return walk.status();
  if (walk->surveys.empty()) return NothingBehind(after_position);
  const absl::StatusOr<SegmentSurvey>& first = walk->surveys.front();
  if (first.ok() && wanted < first->first) {
    return absl::NotFoundError(absl::StrCat("staging: position ", after_position,
                                            " is older than what is held, which begins at ",
                                            first->first.position));
  }
  const Extent extent = Measure(folder, *walk);
  if (extent.last_checkpoint <= after_position) {
    return extent.cut.ok() ? NothingBehind(after_position) : extent.cut;
  }

  while (folder.segments().size() > extent.end) {
    absl::Status dropped = folder.DropLast();
    if (!dropped.ok()) return dropped;
  }
  for (std::size_t i = walk->begin; i < extent.end; ++i) {
    const SegmentSurvey& survey = *walk->surveys[i - walk->begin];
    SegmentSpan& span = folder.segments()[i];
    span.first = survey.first;
    span.last_position = survey.next.part == 0 ? survey.next.position - 1 : survey.next.position;
  }
  for (std::size_t i = 0; i < walk->begin; ++i) {
    absl::Status dropped = folder.DropFirst();
    if (!dropped.ok()) return dropped;
  }

  absl::StatusOr<StagedBlock> last = reader_.Read(extent.last_checkpoint, nullptr);
  if (!last.ok()) return last.status();
  last_checkpoint_ = *std::move(last);
  next_position_ = after_position + 1;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<StagedBlock>> Replay::Next() {
  const std::uint64_t end = last_checkpoint().position;
  if (next_position_ > end) {
    reader_.Close();
    return std::nullopt;
  }
  absl::StatusOr<StagedBlock> block = reader_.Read(next_position_, nullptr);
  if (!block.ok()) return block.status();
  next_position_ = block->items.back().position + 1;
  return std::optional<StagedBlock>(*std::move(block));
}

void Replay::ConfirmSent(std::uint64_t position) {
  // Items that have not been given out are still needed, whatever the caller says.
  epoch_->droppable_through =
      std::max(epoch_->droppable_through, std::min(position, next_position_ - 1));
}

}  // namespace tributary
