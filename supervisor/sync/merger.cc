// The merging half of Copy: from the rings and sockets of all workers to one ordered
// stream. Its rules are in copy.h.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/log.h"
#include "supervisor/sync/copy.h"

namespace tributary {

namespace {

// A supervisor that was stopped itself does not take its workers for stopped ones.
constexpr std::chrono::milliseconds kLongestBetweenMerges(1000);

}  // namespace

bool Copy::Merge(bool takes_more) {
  WatchAssembly(takes_more);
  auto& members = pool_.members();
  bool any = false;
  for (std::size_t i = 0; i < members.size(); ++i) {
    Member& member = members[(next_ring_ + i) % members.size()];
    if (member.process == nullptr) continue;
    // First the ring, then the socket: what a worker wrote before it ended counts.
    if (takes_more && TakesFramesOf(member) && TakeFrames(member)) {
      any = true;
      // Behind each turn: many workers' turns together may be more than staging has
      // room for before a checkpoint lets it drop something.
      LookForCheckpoint();
    }
    any = TakeAnswers(member) || any;
  }
  if (!members.empty()) next_ring_ = (next_ring_ + 1) % members.size();
  return any;
}

void Copy::WatchAssembly(bool takes_more) {
  const Clock::time_point now = host_.Now();
  const Clock::duration since = now - std::exchange(last_merge_, now);
  if (assembling_ == nullptr || !takes_more) return;
  Member& member = *assembling_;
  const Clock::duration waited = std::min<Clock::duration>(since, kLongestBetweenMerges);
  // A client that stands still may keep the ring so full that the part has no room.
  if (member.process->ring().bytes_held() > limits::kRingBytes / 2) {
    waited_for_room_ += waited;
    if (waited_for_room_ <= limits::kSpillAfter) return;
    waited_for_room_ = {};
    // What it keeps copies of is staged before long; without that the worker waits.
    if (outbox_.staging() && outbox_.waiting_heap_bytes() <= limits::kMaxMessageBytes / 4) {
      Detach(member);
    }
    return;
  }
  waited_for_part_ += waited;
  if (waited_for_part_ <= limits::kMessageAssemblyLimit) return;
  pool_.End(member, "it brought no more of a message that it had begun");
  Bury(member);
}

bool Copy::TakeFrames(Member& member) {
  bool any = false;
  std::size_t bytes = 0;
  while (bytes < limits::kBytesInTurn) {
    auto frame = member.process->ring().Next();
    if (!frame.ok()) {
      pool_.End(member, std::string(frame.status().message()));
      Bury(member);
      return true;
    }
    if (!frame->has_value()) {
      if (member.ended) {
        Bury(member);
        return true;
      }
      return any;
    }
    any = true;
    // With its header, for a frame may have nothing else.
    bytes += sizeof(FrameHeader) + (*frame)->payload.size();
    if (!TakeFrame(member, **frame)) {
      Bury(member);
      return true;
    }
  }
  return any;
}

bool Copy::TakeFrame(Member& member, Frame& frame) {
  // The answer to a cut that was given earlier may still wait in the socket.
  if (!member.idle() && member.given.front().id != frame.assignment) TakeAnswers(member);
  const ReadWork* read = member.idle() || member.given.front().id != frame.assignment
                             ? nullptr
                             : std::get_if<ReadWork>(&member.given.front().work);
  if (read == nullptr) {
    pool_.End(member, "it wrote a frame for work that it does not have");
    return false;
  }
  switch (frame.type) {
    case FrameType::kBatch:
    case FrameType::kPart:
    case FrameType::kMark:
      if (scheduler_.Stale(*read)) {
        // The rest of a message that nobody wants is not waited for.
        DropParts(member);
        return true;
      }
      return frame.type == FrameType::kMark ? TakeMark(member, *read, frame)
                                            : TakeBatch(member, frame);
    case FrameType::kEnd:
      return TakeEnd(member, frame);
  }
  return false;
}

bool Copy::TakeBatch(Member& member, Frame& frame) {
  if (frame.type == FrameType::kBatch && member.parts.empty()) {
    outbox_.Put(ItemKind::kBatch, frame.payload, frame.compact, std::move(frame.hold));
    figures_.records += frame.records;
    return true;
  }
  if (member.parts.size() + frame.payload.size() > limits::kMaxMessageBytes) {
    pool_.End(member, "it wrote a message over the size limit");
    return false;
  }
  member.parts.append(frame.payload);
  // All parts but the last are as large as a frame may be, so a few bytes now and then
  // are no progress.
  const bool begins = std::exchange(assembling_, &member) != &member;
  // Batches before it may hold the ring's oldest bytes, and only messages are staged.
  if (begins) outbox_.WantStaged();
  if (begins || frame.payload.size() >= limits::kMaxBatchBytes) {
    waited_for_part_ = waited_for_room_ = {};
  }
  if (frame.type == FrameType::kBatch) {
    assembling_ = nullptr;
    outbox_.Put(ItemKind::kBatch, std::exchange(member.parts, {}));
    figures_.records += frame.records;
  }
  return true;
}

bool Copy::TakeMark(Member& member, const ReadWork& read, const Frame& frame) {
  tributary::Mark mark;
  // Parsed where the worker cannot change it meanwhile.
  if (!mark.ParseFromString(std::string(frame.payload))) {
    pool_.End(member, "it wrote a mark that is none");
    return false;
  }
  if (!member.parts.empty()) {
    pool_.End(member, "it broke off a message");
    return false;
  }
  if ((mark.at().size() > limits::kMaxBoundBytes && mark.at() != read.range.to) ||
      !Remarks::CanBe(mark, scheduler_.table(read.table))) {
    pool_.End(member, "it wrote a mark that cannot be");
    return false;
  }
  // A slice is read in one transaction. Taken for a change of the source, another
  // version would begin the table again, over and over.
  std::optional<std::string>& version = member.given.front().version;
  if (version.value_or(mark.version()) != mark.version()) {
    pool_.End(member, "it wrote a mark of another version than its slice has");
    return false;
  }
  version = mark.version();
  const auto result = mark.opens() ? scheduler_.Open(read, mark.version())
                                   : scheduler_.Mark(read, mark.at(), mark.version());
  switch (result) {
    case Scheduler::MarkResult::kTaken:
      if (!mark.opens()) deaths_in_row_ = 0;
      // With the cursor, which is behind their rows now.
      remarks_.Add(read.table, mark);
      return true;
    case Scheduler::MarkResult::kMoved:
      RestartMoved(read.table);
      return true;
    case Scheduler::MarkResult::kBroken:
      pool_.End(member, "it wrote a mark that cannot be");
      return false;
  }
  return false;
}

bool Copy::TakeEnd(Member& member, const Frame& frame) {
  ReadEnd end;
  if (!end.ParseFromString(std::string(frame.payload)) ||
      !ReadEnd::Outcome_IsValid(end.outcome())) {
    pool_.End(member, "it wrote an end that is none");
    return false;
  }
  if (end.outcome() == ReadEnd::PAUSED &&
      member.process->ring().paused_through() < frame.assignment) {
    pool_.End(member, "it paused where nobody asked it to");
    return false;
  }
  const ReadWork read = std::get<ReadWork>(member.given.front().work);
  const bool stale = scheduler_.Stale(read);
  if (!stale && !member.parts.empty()) {
    pool_.End(member, "it broke off a message");
    return false;
  }
  if (!stale && end.outcome() == ReadEnd::DONE) {
    if (scheduler_.Finish(read) == Scheduler::FinishResult::kBroken) {
      pool_.End(member, "it ended a slice without a mark at its end");
      return false;
    }
  }
  member.given.pop_front();
  DropParts(member);
  if (!stale && end.outcome() == ReadEnd::PAUSED) scheduler_.GiveBack(read, /*culprit=*/false);
  if (!stale && end.outcome() == ReadEnd::WIDEN) Widen(read.table, end);
  if (!stale && end.outcome() == ReadEnd::FAILED) ReadFailed(read, ToStatus(end.failure()));
  StopStaleReads();
  return true;
}

void Copy::ReadFailed(const ReadWork& read, const absl::Status& why) {
  if (absl::IsUnavailable(why) || absl::IsFailedPrecondition(why)) {
    scheduler_.GiveBack(read, /*culprit=*/false);
    StopFor(why);
  } else {
    SetAside(read.table, std::string(why.message()));
  }
}

bool Copy::TakeAnswers(Member& member) {
  bool any = false;
  while (auto answer = pool_.Receive(member)) {
    any = true;
    if (!TakeAnswer(member, *answer)) break;
  }
  return any;
}

bool Copy::TakeAnswer(Member& member, const FromWorker& answer) {
  const CutWork* cut = member.idle() || member.given.front().id != answer.assignment()
                           ? nullptr
                           : std::get_if<CutWork>(&member.given.front().work);
  if (cut == nullptr || !(answer.has_slices() || answer.has_failure())) {
    pool_.End(member, "it answered what it was not asked");
    return false;
  }
  const CutWork work = *cut;
  member.given.pop_front();
  if (answer.has_slices()) {
    scheduler_.Cut(work, answer.slices());
    SendTruncates();
    return true;
  }
  const absl::Status why = ToStatus(answer.failure());
  if (absl::IsUnavailable(why) || absl::IsFailedPrecondition(why)) {
    scheduler_.GiveBack(work, /*culprit=*/false);
    StopFor(why);
  } else {
    // Cutting is only a help: each table is read in one piece, and what is wrong
    // with one shows there.
    scheduler_.Cut(work, Slices());
    SendTruncates();
  }
  return true;
}

void Copy::Bury(Member& member) {
  ++deaths_;
  ++deaths_in_row_;
  Log(LogLevel::kWarning, "a worker ended and is replaced", {{"how", member.ending}});
  bool culprit = true;
  // From the last to the first, so that the work returns to the queue in order.
  std::deque<Member::Given> given = std::exchange(member.given, {});
  for (auto one = given.rbegin(); one != given.rend(); ++one) {
    culprit = one + 1 == given.rend();
    if (!scheduler_.GiveBack(one->work, culprit)) continue;
    SetAside(std::get<ReadWork>(one->work).table,
             absl::StrCat("reading it ended ", limits::kDeathsOfSlice,
                          " workers; the last one was ", member.ending));
  }
  DropParts(member);
  if (member.process != nullptr) buried_rings_.push_back(member.process->ring().lifetime());
  member.process.reset();
  member.ended = true;
}

void Copy::DropParts(Member& member) {
  member.parts = std::string();
  if (assembling_ == &member) assembling_ = nullptr;
}

}  // namespace tributary
