#include "tests/simulation/simulated_sync.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/limits.h"

namespace tributary::simulation {
namespace {

// No sync of so small a source takes so long.
constexpr std::size_t kMostSteps = 50'000;

}  // namespace

SimulatedSync::SimulatedSync(Random& random, SourceHistory& source, Staging& staging,
                             const Choice& choice, std::string state_json, const Faults& faults)
    : random_(random), source_(source), staging_(staging), choice_(choice), faults_(faults) {
  auto state = ParseState(state_json);
  if (!state.ok()) {
    Break(std::string(state.status().message()));
    return;
  }
  sent_.reserve(256);
  if (!state->first_sync()) Replay(*state);
  begun_from_ = *state;
  catalog_ = source_.Describe();
  if (MayBeUnchanged(*state, choice_.Digest()) && state->complete == catalog_.version()) {
    catalog_.set_unchanged(true);
    plan_.state = *std::move(state);
  } else {
    auto plan = MakePlan(catalog_, Select(catalog_, choice_), choice_.Digest(), "simulated",
                         *std::move(state));
    if (!plan.ok()) {
      Break(std::string(plan.status().message()));
      return;
    }
    plan_ = *std::move(plan);
  }
  copies_ = plan_.copies.size();
  reads_ = copies_ > 0;
  if (reads_ || plan_.state.epoch.empty()) {
    staging_ = Staging{.epoch = absl::StrFormat("%016x", ++staging_.epochs_made),
                       .items = {},
                       .held_from = 1,
                       .epochs_made = staging_.epochs_made};
    plan_.state.epoch = staging_.epoch;
    plan_.state.position = 0;
  }
  disk_works_ = reads_ && !(faults_.disk_fails && OneIn(random_, 3));
  last_position_ = plan_.state.position;
  Checkpoint();
  for (const TableToCopy& copy : plan_.copies) {
    if (copy.resumes) resumed_.insert(copy.name.table);
  }
  if (!reads_) {
    if (!catalog_.unchanged()) SetComplete();
    complete_ = true;
    Checkpoint();
    DeliverAll();
    return;
  }
  scheduler_.emplace(std::move(plan_.copies), plan_.state);
  if (faults_.workers_die) kills_left_ = 1 + Below(random_, limits::kDeathsInRow + 4);
  members_.resize(1 + Below(random_, 4));
}

void SimulatedSync::Break(const std::string& what) {
  if (broken_.empty()) broken_ = what;
  over_ = true;
}

// What is staged behind the state, up to the last staged checkpoint.
void SimulatedSync::Replay(State& state) {
  if (staging_.epoch != state.epoch) {
    staging_.items.clear();
    return;
  }
  std::size_t end = staging_.items.size();
  while (end > 0 && staging_.items[end - 1]->kind != Message::Kind::kCheckpoint) --end;
  if (end <= state.position || staging_.held_from > state.position + 1) return;
  sent_.push_back(std::make_shared<Message>(Message{.kind = Message::Kind::kCheckpoint,
                                                    .table = {},
                                                    .keyed = true,
                                                    .rows = {},
                                                    .text = SerializeState(state)}));
  for (std::size_t i = state.position; i < end; ++i) sent_.push_back(staging_.items[i]);
  auto reached = ParseState(sent_.back()->text);
  if (!reached.ok()) return Break("a staged checkpoint holds no state");
  if (reached->position != end) return Break("a state's position is not its checkpoint's");
  state = *std::move(reached);
}

bool SimulatedSync::Step() {
  if (over_) return false;
  if (++steps_ > kMostSteps) Break("the sync does not end");
  for (std::size_t steps = Below(random_, 8); steps > 0; --steps) {
    Member& member = members_[Below(random_, members_.size())];
    if (member.worker != nullptr) member.worker->Step();
  }
  if (faults_.source_changes && OneIn(random_, 25)) source_.Change();
  if (kills_left_ > 0 && OneIn(random_, 15)) {
    --kills_left_;
    Member& member = members_[Below(random_, members_.size())];
    if (member.worker != nullptr) member.worker->Kill();
  }
  // The process is to end.
  if (faults_.supervisor_dies && OneIn(random_, 200)) StopFor();

  if (!stopping_) GiveWork();
  Merge();
  Deliver();
  // What is left is pending; a finished scheduler has nothing under way.
  const std::size_t begun = scheduler_->copying_tables() + scheduler_->live_tables();
  if (begun + scheduler_->aside_tables() > scheduler_->tables() ||
      (scheduler_->finished() && scheduler_->copying_tables() > 0)) {
    Break("the numbers of tables by phase cannot be");
  }
  if (OneIn(random_, 4) && last_position_ != last_checkpoint_) Checkpoint();
  const bool all_idle = std::all_of(members_.begin(), members_.end(),
                                    [](const Member& member) { return member.idle(); });
  if (all_idle && (scheduler_->finished() || stopping_)) {
    complete_ = scheduler_->live_tables() == scheduler_->tables();
    if (complete_) SetComplete();
    Checkpoint();
    DeliverAll();
  }
  return !over_;
}

// --- merging -----------------------------------------------------------------

void SimulatedSync::GiveWork() {
  for (Member& member : members_) {
    if (member.worker != nullptr) continue;
    if (deaths_in_row_ >= limits::kDeathsInRow) {
      StopFor();
    } else {
      member = Member{};
      member.worker = std::make_unique<SimulatedWorker>(random_, source_, faults_);
    }
  }
  for (const bool only_idle : {true, false}) {
    for (Member& member : members_) {
      if (member.worker == nullptr || (only_idle && !member.idle())) continue;
      while (GiveOne(member) && !only_idle) {
      }
    }
  }
}

bool SimulatedSync::GiveOne(Member& member) {
  if (member.given.size() >= 3) return false;
  auto work = scheduler_->Next();
  SendTruncates();
  if (!work.has_value()) return false;
  Given given{.id = member.next_id++, .work = *work, .table = {}, .columns = {}, .tables = {}};
  if (const auto* read = std::get_if<ReadWork>(&*work)) {
    const TableToCopy& table = scheduler_->table(read->table);
    given.table = table.name.table;
    given.columns.assign(table.columns.begin(), table.columns.end());
  } else {
    for (const auto& cut : std::get<CutWork>(*work).tables) {
      given.tables.push_back(scheduler_->table(cut.table).name.table);
    }
  }
  member.given.push_back(given);
  member.worker->Give(std::move(given));
  return true;
}

void SimulatedSync::SendTruncates() {
  for (const std::size_t table : scheduler_->TakeBegun()) {
    const std::string& name = scheduler_->table(table).name.table;
    if (resumed_.contains(name)) Break("a resumed copy gets TRUNCATE");
    Put({.kind = Message::Kind::kTruncate, .table = name, .keyed = true, .rows = {}, .text = {}});
  }
}

void SimulatedSync::Merge() {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[(next_ring_ + i) % members_.size()];
    if (member.worker == nullptr) continue;
    // Now and then the stream takes no more.
    if (!OneIn(random_, 5)) TakeFrames(member);
    if (member.worker != nullptr) TakeAnswers(member);
  }
  next_ring_ = (next_ring_ + 1) % members_.size();
}

void SimulatedSync::TakeFrames(Member& member) {
  for (std::size_t turn = 1 + Below(random_, 4); turn > 0; --turn) {
    if (member.worker->ring().empty()) {
      if (!member.worker->alive()) Bury(member);
      return;
    }
    const Frame frame = std::move(member.worker->ring().front());
    member.worker->ring().pop_front();
    if (!TakeFrame(member, frame)) {
      Bury(member);
      return;
    }
  }
}

bool SimulatedSync::TakeFrame(Member& member, const Frame& frame) {
  if (!member.idle() && member.given.front().id != frame.assignment) TakeAnswers(member);
  if (member.idle() || member.given.front().id != frame.assignment) {
    Break("a frame came for work that was not given");
    return false;
  }
  const ReadWork read = std::get<ReadWork>(member.given.front().work);
  switch (frame.type) {
    case Frame::Type::kOpen:
      return scheduler_->Stale(read) || TakeMark(read, scheduler_->Open(read, frame.version));
    case Frame::Type::kBatch:
      if (!scheduler_->Stale(read)) {
        const TableToCopy& table = scheduler_->table(read.table);
        Put({.kind = Message::Kind::kRows,
             .table = table.name.table,
             .keyed = table.access == "key",
             .rows = frame.rows,
             .text = {}});
      }
      return true;
    case Frame::Type::kMark:
      if (scheduler_->Stale(read)) return true;
      deaths_in_row_ = 0;
      return TakeMark(read, scheduler_->Mark(read, frame.at, frame.version));
    case Frame::Type::kEnd:
      return TakeEnd(member, frame);
  }
  return false;
}

bool SimulatedSync::TakeMark(const ReadWork& read, Scheduler::MarkResult result) {
  if (result == Scheduler::MarkResult::kMoved) Restart(read.table);
  if (result == Scheduler::MarkResult::kBroken) Break("a sound worker's mark is refused");
  return result != Scheduler::MarkResult::kBroken;
}

bool SimulatedSync::TakeEnd(Member& member, const Frame& frame) {
  const ReadWork read = std::get<ReadWork>(member.given.front().work);
  const bool stale = scheduler_->Stale(read);
  if (!stale && frame.outcome == ReadEnd::DONE &&
      scheduler_->Finish(read) == Scheduler::FinishResult::kBroken) {
    Break("a sound worker's end is refused");
    return false;
  }
  member.given.pop_front();
  if (!stale && frame.outcome == ReadEnd::PAUSED) scheduler_->GiveBack(read, false);
  if (!stale && frame.outcome == ReadEnd::WIDEN) {
    resumed_.erase(scheduler_->table(read.table).name.table);
    if (!scheduler_->Widen(read.table, frame.widen)) Break("a widened column is widened again");
  }
  StopStaleReads();
  return true;
}

void SimulatedSync::TakeAnswers(Member& member) {
  while (!member.worker->answers().empty()) {
    if (member.idle()) return Break("an answer came for work that was not given");
    // The end of a read that was given earlier still waits in the ring.
    if (member.given.front().id != member.worker->answers().front().assignment) return;
    const Answer answer = std::move(member.worker->answers().front());
    member.worker->answers().pop_front();
    const CutWork work = std::get<CutWork>(member.given.front().work);
    member.given.pop_front();
    scheduler_->Cut(work, answer.slices.value_or(Slices()));
    SendTruncates();
  }
}

void SimulatedSync::Bury(Member& member) {
  ++deaths_in_row_;
  std::deque<Given> given = std::exchange(member.given, {});
  for (auto one = given.rbegin(); one != given.rend(); ++one) {
    if (!scheduler_->GiveBack(one->work, one + 1 == given.rend())) continue;
    SetAside(std::get<ReadWork>(one->work).table);
  }
  member.worker.reset();
}

void SimulatedSync::Restart(std::size_t table) {
  resumed_.erase(scheduler_->table(table).name.table);
  scheduler_->Restart(table, /*as_one_slice=*/true);
  StopStaleReads();
}

void SimulatedSync::SetAside(std::size_t table) {
  ++aside_;
  scheduler_->SetAside(table);
  Put({.kind = Message::Kind::kWarning,
       .table = {},
       .keyed = true,
       .rows = {},
       .text = "put aside"});
  StopStaleReads();
}

void SimulatedSync::StopStaleReads() {
  for (Member& member : members_) {
    if (member.idle() || member.worker == nullptr) continue;
    const auto* read = std::get_if<ReadWork>(&member.given.front().work);
    if (read != nullptr && (scheduler_->Stale(*read) || stopping_)) {
      member.worker->PauseThrough(member.given.front().id);
    }
  }
}

void SimulatedSync::StopFor() {
  stopping_ = true;
  for (Member& member : members_) {
    if (!member.idle() && member.worker != nullptr) {
      member.worker->PauseThrough(member.given.back().id);
    }
  }
}

// --- the stream --------------------------------------------------------------

void SimulatedSync::Put(Message message) {
  const auto kept = std::make_shared<const Message>(std::move(message));
  ++last_position_;
  if (disk_works_) to_stage_.emplace_back(last_position_, kept);
  to_send_.emplace_back(last_position_, kept);
}

void SimulatedSync::Checkpoint() {
  if (last_checkpoint_ != 0 && last_position_ == last_checkpoint_ && catalog_.unchanged()) return;
  if (reads_) plan_.state.position = last_position_ + 1;
  const std::string text = SerializeState(plan_.state);
  const auto back = ParseState(text);
  if (!back.ok() || *back != plan_.state) return Break("a state is read back as another");
  Put({.kind = Message::Kind::kCheckpoint, .table = {}, .keyed = true, .rows = {}, .text = text});
  last_checkpoint_ = last_position_;
}

void SimulatedSync::SetComplete() {
  plan_.state.complete = CompleteVersion(plan_, catalog_.version());
}

void SimulatedSync::Deliver() {
  if (faults_.disk_fails && OneIn(random_, 60)) {
    disk_works_ = false;
    to_stage_.clear();
  }
  for (std::size_t items = Below(random_, 6); items > 0 && !to_stage_.empty(); --items) {
    staging_.items.push_back(to_stage_.front().second);
    to_stage_.pop_front();
  }
  for (std::size_t items = Below(random_, 6); items > 0 && !to_send_.empty(); --items) {
    const auto& [position, message] = to_send_.front();
    const bool checkpoint = message->kind == Message::Kind::kCheckpoint;
    if (checkpoint && disk_works_ && staging_.items.size() < position) return;
    sent_.push_back(message);
    // All before a checkpoint that has left may be dropped to make room.
    if (checkpoint && disk_works_ && OneIn(random_, 20)) staging_.held_from = position;
    to_send_.pop_front();
  }
}

void SimulatedSync::DeliverAll() {
  while (!to_send_.empty()) Deliver();
  over_ = true;
}

}  // namespace tributary::simulation
