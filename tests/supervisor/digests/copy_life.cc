#include "tests/supervisor/digests/copy_life.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "tests/supervisor/digests/life_model.h"
#include "worker/compare/entries.h"
#include "worker/compare/known_rows.h"

namespace tributary::tests {
namespace {

constexpr int kSteps = 400;
// The number of keys between two marks.
constexpr int kMarked = 2;

struct SavedState {
  std::uint64_t generation = 0;
  DoneRanges done = {};
  Rows destination = {};
};

// The work of one process; the folder outlives the process.
class Copier {
 public:
  Copier(Rows& source, SavedState& now, const WrongCopyRules& wrong, std::mt19937_64& random,
         const std::string& folder)
      : source_(source), now_(now), wrong_(wrong), random_(random) {
    keeper_ = OpenKeeper(folder, failure_);
    if (keeper_ == nullptr) return;
    if (now_.generation > 0 && !now_.done.Done().empty() &&
        keeper_->MayResume(kTable, now_.generation, now_.done).ok()) {
      resumed_ = true;
      TakeBack(keeper_->ResumeNamelessCopy(kTable), wrong_.kept_after_state, [this] { Cut(); });
      return;
    }
    const auto generation = keeper_->BeginCopy(kTable, now_.generation, CopiedContent::kNameless);
    Check(generation.status());
    SyncDisk();
    now_.done = DoneRanges();
    now_.generation = generation.value_or(0);
    first_.push_back([this] { now_.destination.clear(); });
    first_.push_back([this] { Cut(); });
  }

  bool resumed() const { return resumed_; }
  const std::string& failure() const { return failure_; }
  void SyncDisk() { Check(keeper_->writer().Sync(std::chrono::seconds(10))); }

  // One small step; false if the copy is complete.
  bool Step() {
    if (!failure_.empty()) return false;
    std::vector<Reading*> active;
    for (Reading& one : readings_) {
      if (!one.steps.empty()) active.push_back(&one);
    }
    if (!first_.empty() && (active.empty() || random_() % 2 == 0)) return Do(first_);
    if (active.empty()) return false;
    Reading& one = *active[random_() % std::min<std::size_t>(active.size(), 2)];
    if (random_() % 25 == 0) {
      EndWorker(one);
    } else {
      Do(one.steps);
    }
    return true;
  }

  void Finish() {
    if (!keeper_->FinishCopy(kTable, CatalogTable::RANGES)) {
      failure_ = "the digests of a whole copy are not whole";
      return;
    }
    SyncDisk();
    const auto slices = keeper_->BeginComparison(kTable, now_.generation, now_.generation);
    Check(slices.status());
    for (std::size_t slice = 0; slices.ok() && slice < slices->size(); ++slice) {
      CompareSlice((*slices)[slice], slice);
    }
  }

 private:
  struct Reading {
    std::size_t slice = 0;
    std::uint64_t ticket = 0;
    std::deque<std::function<void()>> steps = {};
  };

  void Check(const absl::Status& status) {
    if (!status.ok() && failure_.empty()) failure_ = std::string(status.message());
  }
  static bool Do(std::deque<std::function<void()>>& steps) {
    const auto step = std::move(steps.front());
    steps.pop_front();
    step();
    return true;
  }

  // Deletes the rows in `given` from the destination, one row in each step, as the copy lane does,
  // and then calls `then`. `keeps` is the wrong rule, which deletes none.
  void TakeBack(const GivenRows& given, bool keeps, const std::function<void()>& then) {
    if (!given.known) {
      failure_ = "what was given out is not known";
      return;
    }
    const auto name = [this, generation = given.generation] {
      keeper_->TakenBack(kTable, generation);
      now_.generation = generation;
    };
    if (wrong_.named_early) first_.push_back(name);
    for (std::size_t at = 0; at < given.records.size();) {
      CompareAssignment old;
      const auto loaded = keeper_->LoadGiven(given, at, old);
      Check(loaded.status());
      if (!loaded.ok()) return;
      at += *loaded;
      KnownRows known;
      for (const std::string& rows : old.rows()) known.AddRows(rows);
      for (const std::string& intents : old.intents()) known.AddIntents(intents);
      known.TakeGone([&](std::string_view key) {
        if (keeps) return;
        first_.push_back(
            [this, gone = std::stoi(std::string(key))] { now_.destination.erase(gone); });
      });
    }
    if (!wrong_.named_early) first_.push_back(name);
    first_.push_back(then);
  }

  void Cut() {
    std::vector<BoundRange> slices;
    for (const BoundRange& gap : now_.done.Remaining()) {
      for (int begin = FirstKey(gap); begin < EndKey(gap);) {
        const int end = std::min(EndKey(gap), (begin / kSliceKeys + 1) * kSliceKeys);
        slices.push_back({BoundBefore(begin), BoundBefore(end)});
        begin = end;
      }
    }
    Check(now_.done.Start(slices));
    for (std::size_t slice = 0; slice < slices.size(); ++slice) {
      readings_.push_back({.slice = slice});
      Open(readings_.back(), slices[slice]);
    }
  }

  // Reads the rest of the slice, with a snapshot that is taken in the first step.
  void Open(Reading& reading, const BoundRange& range) {
    reading.ticket = ++last_ticket_;
    reading.steps.push_back([this, &reading, range] { Plan(reading, range); });
  }

  void Plan(Reading& reading, const BoundRange& range) {
    const std::uint64_t ticket = reading.ticket;
    for (int begin = FirstKey(range); begin < EndKey(range); begin += kMarked) {
      const int end = std::min(begin + kMarked, EndKey(range));
      Digests rows;
      rows.set_at(BoundBefore(end));
      for (auto row = source_.lower_bound(begin); row != source_.end() && row->first < end; ++row) {
        AppendRow(*rows.mutable_entries(), KeyOf(row->first), DigestOf(row->second));
        Digests intents;
        intents.set_kind(Digests::INTENTS);
        AppendUpsert(*intents.mutable_entries(), KeyOf(row->first), DigestOf(row->second));
        const auto tell = [this, ticket, range, intents] {
          keeper_->AddCopied(kTable, ticket, range.from, intents);
          SyncDisk();
        };
        const auto leave = [this, key = row->first, value = row->second] {
          now_.destination[key] = value;
        };
        reading.steps.push_back(wrong_.row_first ? std::function<void()>(leave) : tell);
        reading.steps.push_back(wrong_.row_first ? std::function<void()>(tell) : leave);
      }
      reading.steps.push_back(
          [this, ticket, range, rows] { keeper_->AddCopied(kTable, ticket, range.from, rows); });
      reading.steps.push_back([this, ticket, slice = reading.slice, at = BoundBefore(end)] {
        keeper_->MarkCopied(kTable, ticket);
        Check(now_.done.Advance(slice, at));
      });
    }
  }

  void EndWorker(Reading& reading) {
    reading.steps.clear();
    const GivenRows given = keeper_->EndCopied(kTable, reading.ticket);
    const auto again = [this, &reading] { Open(reading, now_.done.Left(reading.slice)); };
    if (!given.any()) {
      again();
    } else {
      TakeBack(given, wrong_.kept_after_mark, again);
    }
  }

  void CompareSlice(const BoundRange& range, std::size_t slice) {
    CompareAssignment old;
    Check(keeper_->Load(kTable, slice, old));
    KnownRows known;
    for (const std::string& rows : old.rows()) known.AddRows(rows);
    for (const std::string& intents : old.intents()) known.AddIntents(intents);
    for (const auto& [key, value] : source_) {
      if (key < FirstKey(range) || key >= EndKey(range)) continue;
      if (known.MustSend(KeyOf(key), DigestOf(value))) now_.destination[key] = value;
    }
    known.TakeGone(
        [this](std::string_view key) { now_.destination.erase(std::stoi(std::string(key))); });
  }

  Rows& source_;
  SavedState& now_;
  const WrongCopyRules wrong_;
  std::mt19937_64& random_;
  std::unique_ptr<DigestKeeper> keeper_;
  // Steps that take back what was sent.
  std::deque<std::function<void()>> first_;
  std::deque<Reading> readings_;
  std::uint64_t last_ticket_ = 0;
  bool resumed_ = false;
  std::string failure_;
};

}  // namespace

CopyLifeEnd LiveCopy(std::uint64_t seed, const WrongCopyRules& wrong, const std::string& folder) {
  std::mt19937_64 random(seed);
  const auto one_in = [&random](int n) { return random() % static_cast<unsigned>(n) == 0; };
  Rows source;
  for (int key = 0; key < kKeys; ++key) {
    if (!one_in(4)) source[key] = static_cast<int>(random() % 3);
  }
  CopyLifeEnd end;
  SavedState now;
  std::vector<SavedState> saved;
  std::unique_ptr<Copier> copier;
  const auto begin = [&] {
    copier.reset();
    copier = std::make_unique<Copier>(source, now, wrong, random, folder);
    ++(copier->resumed() ? end.resumed : end.begun_again);
  };
  begin();
  for (int step = 0; step < kSteps && copier->failure().empty(); ++step) {
    if (one_in(3)) {
      const int key = static_cast<int>(random() % kKeys);
      if (one_in(2)) {
        source.erase(key);
      } else {
        source[key] = static_cast<int>(random() % 3);
      }
    } else if (!copier->Step()) {
      break;
    }
    if (one_in(6)) {
      // A state is sent to the client only after the digests that it names are on the disk.
      copier->SyncDisk();
      saved.push_back(now);
    }
    if (!one_in(15) || saved.empty()) continue;
    // The client sends this state; from now on it cannot send an older or a newer one.
    std::size_t at = saved.size() - 1;
    if (one_in(3)) at -= std::min<std::size_t>(at, random() % 4);
    const SavedState back = saved[at];
    saved = {back};
    Rows kept = std::move(now.destination);
    now = back;
    if (one_in(2)) now.destination = std::move(kept);
    begin();
  }
  while (copier->Step()) {
  }
  if (copier->failure().empty()) copier->Finish();
  end.failure = copier->failure();
  end.diverged = now.destination != source;
  return end;
}

}  // namespace tributary::tests
