#include "supervisor/sync/merger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

constexpr std::chrono::milliseconds kLongestWait{200};

}  // namespace

absl::Status Merger::Run() {
  const absl::Status merged = MergeAll();
  EmitRemarks();
  return merged;
}

absl::Status Merger::MergeAll() {
  for (;;) {
    if (host_.ClientGone()) return absl::CancelledError("the client is gone");
    if (host_.Draining()) {
      StopFor(absl::UnavailableError("the connector is shutting down; the next sync goes on"));
    }
    for (Lane* lane : lanes_) {
      lane->Look(host_.Now());
      ApplyRequests();
    }
    if (!stopping_for_.has_value()) GiveWork();
    const Clock::time_point began = host_.Now();
    const bool takes_more = host_.TakesMore();
    const bool merged = MergeRings(takes_more);
    const absl::Status pumped = host_.Pump();
    if (!pumped.ok()) return pumped;
    if (outbox_.behind() && !std::exchange(rings_detached_, true)) DetachRings();
    if (!outbox_.behind()) rings_detached_ = false;
    LookForCheckpoint();

    if (AllIdle() && (LanesFinished() || stopping_for_.has_value())) {
      return stopping_for_.value_or(absl::OkStatus());
    }
    // A worker whose ring is full because the client reads nothing cannot reach a mark; its rows
    // since the last mark are read again.
    if (stopping_for_.has_value() && host_.Now() - stopping_since_ > limits::kPauseGrace) {
      return *stopping_for_;
    }
    const Clock::time_point turned = host_.Now();
    if (takes_more && AnyRingFull() && merged) {
      figures_.waited(WaitStage::kRing) += turned - began;
    }
    if (merged) continue;
    const WaitStage stage = WaitsFor(takes_more);
    // A small frame that staging gathers would hold the space of all digests that come after it.
    if (takes_more && stage == WaitStage::kStaging) outbox_.WantStaged();
    pool_.Wait(kLongestWait, [this, takes_more](const Member& member) {
      return takes_more && TakesFramesOf(member) && !member.waiting.has_value();
    });
    const Clock::duration waited = host_.Now() - turned;
    figures_.waited(stage) += waited;
    if (GateHolds()) figures_.waited(WaitStage::kGate) += waited;
  }
}

WaitStage Merger::WaitsFor(bool takes_more) {
  // Full staging has room again once the client has read more.
  if (!takes_more) return outbox_.behind() ? WaitStage::kClient : WaitStage::kStaging;
  if (!AnyRingFull()) return WaitStage::kSource;
  // All its frames were taken and are on their way to the client or, if the client is slow, to
  // staging.
  return outbox_.behind() || outbox_.empty() ? WaitStage::kStaging : WaitStage::kClient;
}

bool Merger::AnyRingFull() {
  const auto& members = pool_.members();
  return std::any_of(members.begin(), members.end(), [](const Member& member) {
    return member.process != nullptr && !member.ended &&
           member.process->ring().bytes_held() > limits::kRingBytes / 2;
  });
}

bool Merger::GateHolds() {
  const auto& members = pool_.members();
  return std::any_of(members.begin(), members.end(), [](const Member& member) {
    return member.role == WorkerRole::kLog && member.waiting.has_value();
  });
}

bool Merger::AllIdle() {
  const auto& members = pool_.members();
  return std::all_of(members.begin(), members.end(),
                     [](const Member& member) { return member.idle(); });
}

bool Merger::LanesFinished() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const Lane* lane) { return lane->finished(); });
}

void Merger::LookForCheckpoint() {
  if (host_.CheckpointDue()) PutCheckpoint();
}

void Merger::PutCheckpoint() {
  if (checkpoint_refused_) return;
  EmitRemarks();
  const absl::Status sent = host_.Checkpoint();
  if (sent.ok()) return;
  checkpoint_refused_ = true;
  StopFor(sent);
}

void Merger::EmitRemarks() {
  for (Lane* lane : lanes_) {
    lane->EmitRemarks();
    ApplyRequests();
  }
}

void Merger::ApplyRequests() {
  for (std::string& message : std::exchange(requests_.messages, {})) {
    outbox_.Put(ItemKind::kBatch, std::move(message));
  }
  figures_.warnings += requests_.shown.size();
  for (const Shown& shown : std::exchange(requests_.shown, {})) host_.Show(shown);
  for (const Retry why : std::exchange(requests_.retries, {})) figures_.CountRetry(why);
  if (std::exchange(requests_.pauses_unwanted, false)) PauseUnwanted();
  for (const FollowOrder& order : std::exchange(requests_.steers, {})) pool_.Steer(order);
  if (auto why = std::exchange(requests_.stops_for, std::nullopt)) StopFor(*std::move(why));
  if (std::exchange(requests_.checkpoint, false)) PutCheckpoint();
}

void Merger::StopFor(absl::Status why) {
  if (stopping_for_.has_value()) return;
  stopping_for_ = std::move(why);
  stopping_since_ = host_.Now();
  for (Lane* lane : lanes_) lane->StopGiving();
  for (Member& member : pool_.members()) {
    if (!member.idle() && !member.ended) {
      member.process->ring().PauseThrough(member.given.back().id);
    }
  }
}

// --- frames ------------------------------------------------------------------

bool Merger::MergeRings(bool takes_more) {
  WatchAssembly(takes_more);
  auto& members = pool_.members();
  bool any = false;
  for (std::size_t i = 0; i < members.size(); ++i) {
    Member& member = members[(next_ring_ + i) % members.size()];
    if (member.process == nullptr) continue;
    const bool was_ended = member.ended;
    pool_.Look(member);
    // Frames that a worker wrote before it ended count, so its ring is first read to the end.
    if (takes_more && TakesFramesOf(member) && TakeFrames(member)) {
      any = true;
      // After each turn: many workers' turns together may exceed the room in staging before a
      // checkpoint allows it to drop something.
      LookForCheckpoint();
    }
    any = any || member.ended != was_ended;
  }
  if (!members.empty()) next_ring_ = (next_ring_ + 1) % members.size();
  return any;
}

bool Merger::TakeFrames(Member& member) {
  bool any = false;
  std::size_t bytes = 0;
  while (bytes < limits::kBytesInTurn) {
    if (!member.waiting.has_value()) {
      auto next = member.process->ring().Next();
      if (!next.ok()) {
        pool_.End(member, std::string(next.status().message()));
        ReturnWorkOf(member);
        return true;
      }
      member.waiting = *std::move(next);
    }
    if (!member.waiting.has_value()) {
      if (!member.ended) return any;
      ReturnWorkOf(member);
      return true;
    }
    Frame& frame = *member.waiting;
    // Including the header, since a frame may have nothing else.
    const std::size_t frame_bytes = sizeof(FrameHeader) + frame.payload.size();
    const Verdict verdict = TakeFrame(member, frame);
    // The frame can be taken as soon as that is put.
    const bool waits_for_checkpoint = requests_.checkpoint;
    ApplyRequests();
    if (verdict.later()) return any || waits_for_checkpoint;
    member.waiting.reset();
    any = true;
    bytes += frame_bytes;
    if (verdict.broken()) {
      pool_.End(member, verdict.what());
      ReturnWorkOf(member);
      return true;
    }
  }
  return any;
}

Verdict Merger::TakeFrame(Member& member, Frame& frame) {
  if (member.idle() || member.given.front().id != frame.assignment) {
    return Verdict::Broken("it wrote a frame for work that it does not have");
  }
  Member::Given& given = member.given.front();
  if (!given.order.MayBring(frame.type)) {
    return Verdict::Broken("it wrote a frame that its work does not produce");
  }
  if (frame.type == FrameType::kEnd) return TakeEnd(member, frame);
  if (!given.order.lane->Wanted(given.order.ticket)) {
    // The rest of an unwanted message is not waited for.
    DropParts(member);
    return Verdict::Taken();
  }
  const bool is_read = given.order.is_read();
  if (is_read && given.opened == (frame.type == FrameType::kOpened)) {
    return Verdict::Broken(given.opened ? "it opened a slice twice"
                                        : "it wrote about a slice that it has not opened");
  }
  if (frame.type == FrameType::kBatch || frame.type == FrameType::kPart) {
    return TakeBatch(member, frame);
  }
  if (!member.parts.empty()) return Verdict::Broken("it did not finish a message");
  const Verdict verdict = TakeReport(member, frame);
  if (verdict.later() || verdict.broken()) return verdict;
  if (frame.type == FrameType::kOpened) given.opened = true;
  if (frame.type == FrameType::kMark) deaths_in_row_ = 0;
  return verdict;
}

// Each is copied before parsing, so that the worker cannot change it meanwhile.
Verdict Merger::TakeReport(Member& member, const Frame& frame) {
  const Order& order = member.given.front().order;
  const std::string payload(frame.payload);
  switch (frame.type) {
    case FrameType::kOpened: {
      Opened opened;
      if (!opened.ParseFromString(payload)) break;
      return order.lane->Opened(order.ticket, opened);
    }
    case FrameType::kMark: {
      Mark mark;
      if (!mark.ParseFromString(payload)) break;
      return order.lane->Marked(order.ticket, mark);
    }
    case FrameType::kDigests: {
      Digests digests;
      if (!digests.ParseFromString(payload)) break;
      return order.lane->Digested(order.ticket, std::move(digests));
    }
    case FrameType::kAnswer: {
      Answer answer;
      if (!answer.ParseFromString(payload)) break;
      return order.lane->Answered(order.ticket, answer);
    }
    case FrameType::kLog: {
      LogReport report;
      if (!report.ParseFromString(payload)) break;
      if (report.has_position()) deaths_in_row_ = 0;
      return order.lane->Logged(order.ticket, report);
    }
    default:
      break;
  }
  return Verdict::Broken("a report of it does not parse");
}

Verdict Merger::TakeEnd(Member& member, const Frame& frame) {
  AssignmentEnd end;
  if (!end.ParseFromString(std::string(frame.payload)) ||
      !AssignmentEnd::Outcome_IsValid(end.outcome())) {
    return Verdict::Broken("its end does not parse");
  }
  if (end.outcome() == AssignmentEnd::PAUSED &&
      member.process->ring().paused_through() < frame.assignment) {
    return Verdict::Broken("it paused without being asked to");
  }
  host_.Account(member);
  const Order& order = member.given.front().order;
  if (!member.parts.empty() && order.lane->Wanted(order.ticket)) {
    return Verdict::Broken("it did not finish a message");
  }
  const Verdict verdict = order.lane->Ended(order.ticket, end);
  if (verdict.later() || verdict.broken()) return verdict;
  member.given.pop_front();
  DropParts(member);
  // Its next work may be unwanted as well.
  requests_.pauses_unwanted = true;
  return verdict;
}

}  // namespace tributary
