#include "tests/supervisor/plan/gate_world.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace tributary::gate_world {
namespace {

using Stage = SmallSource::Stage;

constexpr char kLife[] = "life";

}  // namespace

World::World(const Script& script, Wrong wrong)
    : wrong_(wrong),
      source_(script),
      joined_(script.followed),
      started_(script.followed),
      may_copy_(script.followed),
      log_view_(source_.Look()) {
  gate_.MergeSnapshot(log_view_.snapshot, kLife);
}

bool World::Happen(int event) {
  if (event < kTransactions) return source_.Advance(event, joined_);
  event -= kTransactions;
  if (event < kBlocks) return StepSlice(event);
  switch (event - kBlocks) {
    case 0:
      return Join();
    case 1:
      return Start();
    case 2:
      return HandOut();
    case 3:
      return Merge();
    case 4:
      return BecomeLive();
    default:
      std::abort();
  }
}

// --- the copy -------------------------------------------------------------------

bool World::Join() {
  if (joined_) return false;
  joined_ = true;
  const std::uint8_t number = source_.TakeNumber();
  whole_from_ = wrong_ == Wrong::kNotWholeFrom ? 0 : number;
  return true;
}

// Takes the start snapshot when it no longer has running transactions that the log lacks.
bool World::Start() {
  const Snapshot now = source_.Look().snapshot;
  if (!joined_ || started_ || now.all_before < whole_from_) return false;
  started_ = true;
  start_ = now.all_before;
  ring_.push_back({Frame::What::kJoined, {}, 0, {}});
  return true;
}

bool World::StepSlice(int index) {
  Slice& slice = slices_[static_cast<std::size_t>(index)];
  switch (slice.stage) {
    case Reading::kIdle:
    case Reading::kRefused:
      if (!may_copy_) return false;
      slice.view = source_.Look();
      slice.log_position = static_cast<std::uint8_t>(source_.log().size());
      slice.stage = Reading::kOpening;
      return true;
    case Reading::kOpening:
      Open(index);
      return true;
    case Reading::kOpen:
      Read(index);
      return true;
    case Reading::kDone:
      return false;
  }
  std::abort();
}

void World::Open(int index) {
  Slice& slice = slices_[static_cast<std::size_t>(index)];
  const auto number = static_cast<Gate::Slice>(index);
  Gate::Entry entry = gate_.Open(number, slice.view.snapshot, kLife, whole_from_);
  const bool refused = entry == Gate::Entry::kRefused;
  if (refused && wrong_ == Wrong::kLateNotRefused) entry = Gate::Entry::kAdmitted;
  if (entry != Gate::Entry::kAdmitted) {
    slice.stage = refused ? Reading::kRefused : Reading::kIdle;
    slice.view = View();
    return;
  }
  const bool is_first = std::all_of(slices_.begin(), slices_.end(), [](const Slice& other) {
    return other.stage != Reading::kOpen && other.stage != Reading::kDone;
  });
  if (is_first && wrong_ == Wrong::kDropByOther) start_ = slice.view.snapshot.all_before;
  slice.stage = Reading::kOpen;
  bound_ = std::max(bound_, slice.log_position);
}

void World::Read(int index) {
  Slice& slice = slices_[static_cast<std::size_t>(index)];
  for (int key = 0; key < kKeys; ++key) {
    const Version* row = source_.Find(key, slice.view.seen);
    if (row == nullptr || row->block != index) continue;
    destination_[static_cast<std::size_t>(key)] = {row->value, row->toast};
  }
  gate_.Close(static_cast<Gate::Slice>(index));
  slice.stage = Reading::kDone;
  slice.view = View();
}

bool World::Copied() const {
  return std::all_of(slices_.begin(), slices_.end(),
                     [](const Slice& slice) { return slice.stage == Reading::kDone; });
}

bool World::BecomeLive() {
  if (live_ || !Copied()) return false;
  if (merged_ < bound_ && wrong_ != Wrong::kLiveTooEarly) return false;
  live_ = true;
  return true;
}

// --- the log --------------------------------------------------------------------

// The copy contains changes from before the table's start.
bool World::IsDropped(const SmallSource::Transaction& transaction) const {
  return !transaction.in_log || !started_ || transaction.number < start_;
}

bool World::HandOut() {
  if (handed_out_ == source_.log().size()) return false;
  const std::uint8_t index = source_.log()[handed_out_];
  if (!Has(log_view_.seen, index) && wrong_ != Wrong::kEarly) {
    if (!Has(source_.visible(), index)) return false;
    log_view_ = source_.Look();
    ring_.push_back({Frame::What::kSnapshot, log_view_, 0, {}});
  }
  ++handed_out_;
  Frame frame{Frame::What::kTransaction, {}, index, {}};
  const SmallSource::Transaction& transaction = source_.transaction(index);
  for (Change change : IsDropped(transaction) ? Changes() : transaction.changes) {
    const bool lacks = change.value != kMissing && change.toast == kMissing;
    if (lacks && (!live_ || change.renamed) && wrong_ != Wrong::kNoReadingAgain) {
      const Version* now = source_.Find(change.key, source_.visible());
      if (now == nullptr) continue;  // It was deleted: its delete follows.
      change = {change.key, now->value, now->toast, false};
    }
    frame.changes.push_back(change);
  }
  ring_.push_back(std::move(frame));
  return true;
}

bool World::MayPass(int transaction) {
  if (wrong_ == Wrong::kNoGate) return true;
  const std::uint64_t number = source_.transaction(transaction).number;
  Gate::Passage passage;
  if (wrong_ == Wrong::kEarly) {
    // That the gate checks the log worker's snapshot is a part of the rule that is left out.
    Gate gate = gate_;
    const bool sound = gate.MergeSnapshot({number + 1, number + 1, {}}, "another life");
    if (!sound) std::abort();
    passage = gate.Ask(number, Gate::Time());
  } else {
    passage = gate_.Ask(number, Gate::Time());
  }
  if (passage.answer == Gate::Passage::Answer::kUnsound) std::abort();
  return passage.answer == Gate::Passage::Answer::kPasses;
}

bool World::Merge() {
  if (ring_.empty()) return false;
  const Frame& frame = ring_.front();
  switch (frame.what) {
    case Frame::What::kSnapshot:
      if (!gate_.MergeSnapshot(frame.view.snapshot, kLife)) std::abort();
      merged_view_ = frame.view.seen;
      break;
    case Frame::What::kJoined:
      may_copy_ = true;
      break;
    case Frame::What::kTransaction:
      if (!MayPass(frame.transaction)) return false;
      Apply(frame.changes);
      ++merged_;
      break;
  }
  ring_.erase(ring_.begin());
  return true;
}

void World::Apply(const Changes& changes) {
  for (const Change& change : changes) {
    std::optional<Row>& row = destination_[static_cast<std::size_t>(change.key)];
    if (change.value == kMissing) {
      row.reset();
    } else if (change.toast != kMissing) {
      row = {change.value, change.toast};
    } else if (row.has_value()) {
      row->value = change.value;
    }
  }
}

// --- the whole ------------------------------------------------------------------

bool World::Ended() const {
  return merged_ == kTransactions && source_.visible() == (1u << kTransactions) - 1 && Copied();
}

// Leaves out numbers: a snapshot is represented by what it sees, and a comparison of two numbers by
// one bit with its result. Also leaves out what no longer matters.
std::string World::Key() const {
  std::array<char, 512> key;
  std::size_t size = 0;
  const auto add = [&](auto number) { key.at(size++) = static_cast<char>(number); };
  const auto add_changes = [&add](const Changes& changes) {
    add(changes.size());
    for (const Change& change : changes) {
      for (const int part : {+change.key, +change.value, +change.toast}) add(part);
      add(change.renamed);
    }
  };
  const auto& log = source_.log();
  // In these cases the order of the numbers determines the start snapshot.
  const bool start_comes = !started_ || wrong_ == Wrong::kDropByOther;
  for (const int number : {static_cast<int>(log.size()), +handed_out_, +merged_, +bound_,
                           static_cast<int>(ring_.size()), +log_view_.seen, +merged_view_}) {
    add(number);
  }
  for (const bool flag : {joined_, started_, may_copy_, live_}) add(flag);
  for (std::size_t i = handed_out_; i < log.size(); ++i) add(log[i]);
  for (int i = 0; i < kTransactions; ++i) {
    const SmallSource::Transaction& transaction = source_.transaction(i);
    add(transaction.stage);
    const bool runs = transaction.stage == Stage::kWritten || transaction.stage == Stage::kLogged;
    add(runs && transaction.number < whole_from_);
    if (start_comes) add(transaction.number);
    const bool comes =
        transaction.stage != Stage::kIdle &&
        std::find(log.begin(), log.begin() + handed_out_, i) == log.begin() + handed_out_;
    if (!comes) continue;
    add(transaction.in_log && transaction.number >= start_);
    add_changes(transaction.changes);
  }
  for (const Version& version : source_.versions()) {
    const bool is_there = version.ended_by < 0 || !Has(source_.visible(), version.ended_by);
    const bool is_seen = std::any_of(slices_.begin(), slices_.end(), [&](const Slice& slice) {
      return slice.HasView() && (version.ended_by < 0 || !Has(slice.view.seen, version.ended_by));
    });
    if (!is_there && !is_seen) continue;
    for (const int part : {+version.key, +version.value, +version.toast, +version.block,
                           +version.made_by, +version.ended_by}) {
      add(part);
    }
  }
  add(kMissing);
  for (const Slice& slice : slices_) {
    add(slice.stage);
    if (slice.HasView()) add(slice.view.seen);
    if (slice.stage != Reading::kOpening) continue;
    add(slice.log_position);
    add(slice.view.snapshot.all_before >= whole_from_);
    if (start_comes) add(slice.view.snapshot.all_before);
  }
  for (const Frame& frame : ring_) {
    for (const int part : {static_cast<int>(frame.what), +frame.transaction, +frame.view.seen}) {
      add(part);
    }
    add_changes(frame.changes);
  }
  for (const std::optional<Row>& row : destination_) {
    add(row.has_value() ? row->value : kMissing);
    add(row.has_value() ? row->toast : kMissing);
  }
  return std::string(key.data(), size);
}

}  // namespace tributary::gate_world
