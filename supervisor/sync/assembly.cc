// The part of Merger for messages that are larger than a frame, and for rings that are full because
// the client reads nothing. Its rules are in merger.h.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/sync/merger.h"

namespace tributary {
namespace {

// If the supervisor itself was stopped, its workers do not count as stopped.
constexpr std::chrono::milliseconds kLongestBetweenMerges{1000};

}  // namespace

Verdict Merger::TakeBatch(Member& member, Frame& frame) {
  if (frame.type == FrameType::kBatch && member.parts.empty()) {
    Count(member, frame.records, frame.payload.size());
    outbox_.Put(ItemKind::kBatch, frame.payload, frame.compact, std::move(frame.hold));
    return Verdict::Taken();
  }
  if (member.parts.size() + frame.payload.size() > limits::kMaxMessageBytes) {
    return Verdict::Broken("it wrote a message over the size limit");
  }
  member.parts.append(frame.payload);
  // All parts but the last have the maximum size of a frame; smaller parts do not count as
  // progress.
  const bool begins = std::exchange(assembling_, &member) != &member;
  // Earlier batches may hold the ring's oldest bytes, and only whole messages are staged.
  if (begins) outbox_.WantStaged();
  if (begins || frame.payload.size() >= limits::kMaxBatchBytes) {
    waited_for_part_ = waited_for_room_ = {};
  }
  if (frame.type == FrameType::kBatch) {
    assembling_ = nullptr;
    Count(member, frame.records, member.parts.size());
    outbox_.Put(ItemKind::kBatch, std::exchange(member.parts, {}));
  }
  return Verdict::Taken();
}

void Merger::Count(Member& member, std::uint64_t rows, std::size_t bytes) {
  figures_.records += rows;
  member.given.front().rows += rows;
  member.given.front().bytes += bytes;
}

void Merger::DropParts(Member& member) {
  member.parts = std::string();
  if (assembling_ == &member) assembling_ = nullptr;
}

void Merger::WatchAssembly(bool takes_more) {
  const Clock::time_point now = host_.Now();
  const Clock::duration since = now - std::exchange(last_merge_, now);
  if (assembling_ == nullptr || !takes_more) return;
  Member& member = *assembling_;
  const Clock::duration waited = std::min<Clock::duration>(since, kLongestBetweenMerges);
  // If the client reads nothing, the ring may be too full for the part.
  if (member.process->ring().bytes_held() > limits::kRingBytes / 2) {
    waited_for_room_ += waited;
    if (waited_for_room_ <= limits::kSpillAfter) return;
    waited_for_room_ = {};
    // The copied frames are staged soon; if staging does not work, the worker waits.
    if (outbox_.staging() && outbox_.waiting_heap_bytes() <= limits::kMaxMessageBytes / 4) {
      Detach(member);
    }
    return;
  }
  waited_for_part_ += waited;
  if (waited_for_part_ <= limits::kMessageAssemblyLimit) return;
  pool_.End(member, "it did not continue a message that it had begun");
  ReturnWorkOf(member);
}

// The client reads nothing, and the frames in its window keep all rings full.
void Merger::DetachRings() {
  for (Member& member : pool_.members()) {
    if (member.process != nullptr) Detach(member);
  }
}

void Merger::Detach(Member& member) {
  const absl::Status detached = member.process->ring().Detach();
  if (detached.ok()) return;
  log_.Warning("a worker waits for a slow client",
               {{log_key::kWorker, absl::StrCat(member.number)},
                {log_key::kError, std::string(detached.message())}});
}

}  // namespace tributary
