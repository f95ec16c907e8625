#include "tests/supervisor/digests/one_life.h"

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

constexpr int kSteps = 250;

struct SavedState {
  std::uint64_t generation = 0;
  Rows destination;
};

// The work of one process; the folder outlives the process.
class Connector {
 public:
  Connector(Rows& source, Rows& destination, std::uint64_t generation, const WrongRules& wrong,
            std::mt19937_64& random, const std::string& folder)
      : source_(source),
        destination_(destination),
        generation_(generation),
        wrong_(wrong),
        random_(random) {
    keeper_ = OpenKeeper(folder, failure_);
    if (keeper_ == nullptr) return;
    if (generation_ == 0) {
      PlanCopy();
    } else {
      PlanComparison();
    }
  }

  std::uint64_t generation() const { return generation_; }
  int sent() const { return sent_; }
  const std::string& failure() const { return failure_; }

  // One small step; false if the sync is over.
  bool Step() {
    if (!failure_.empty()) return false;
    if (steps_.empty() && !slices_.empty()) ReadNextSlice();
    if (steps_.empty()) return false;
    const auto step = std::move(steps_.front());
    steps_.pop_front();
    step();
    return true;
  }

 private:
  void Check(const absl::Status& status) {
    if (!status.ok() && failure_.empty()) failure_ = std::string(status.message());
  }
  void SyncDisk() { Check(keeper_->writer().Sync(std::chrono::seconds(10))); }

  void PlanCopy() {
    const auto made = keeper_->BeginCopy(kTable, 0);
    Check(made.status());
    steps_.push_back([this] { SyncDisk(); });
    steps_.push_back([this] { destination_.clear(); });
    const Rows now = source_;
    for (int begin = 0; begin < kKeys; begin += kSliceKeys) {
      Digests digests;
      digests.set_at(BoundBefore(begin + kSliceKeys));
      for (const auto& [key, value] : now) {
        if (key < begin || key >= begin + kSliceKeys) continue;
        AppendRow(*digests.mutable_entries(), KeyOf(key), DigestOf(value));
        steps_.push_back([this, key = key, value = value] { destination_[key] = value; });
      }
      steps_.push_back([this, begin, digests] {
        keeper_->AddCopied(kTable, static_cast<std::uint64_t>(begin), BoundBefore(begin), digests);
      });
    }
    steps_.push_back([this, generation = made.value_or(0)] {
      // If the source changed during the copy, the copy is not complete and begins again.
      const bool whole = keeper_->FinishCopy(kTable, CatalogTable::RANGES);
      SyncDisk();
      generation_ = whole ? generation : 0;
    });
  }

  void PlanComparison() {
    std::uint64_t base = generation_;
    while (wrong_.latest && keeper_->Check(kTable, base + 1).ok()) ++base;
    const auto slices = keeper_->BeginComparison(kTable, base, base);
    if (!slices.ok()) {
      Check(slices.status());
      return;
    }
    bounds_ = *slices;
    for (std::size_t slice = 0; slice < bounds_.size(); ++slice) slices_.push_back(slice);
    std::shuffle(slices_.begin(), slices_.end(), random_);
    left_ = slices_.size();
  }

  static bool IsIn(int key, const BoundRange& range) {
    return key >= FirstKey(range) && key < EndKey(range);
  }

  // The same steps as Comparison.
  void ReadNextSlice() {
    const std::size_t slice = slices_.back();
    slices_.pop_back();
    CompareAssignment old;
    Check(keeper_->Load(kTable, slice, old));
    KnownRows known;
    for (const std::string& rows : old.rows()) {
      if (!known.AddRows(rows)) failure_ = "rows do not parse";
    }
    for (const std::string& intents : old.intents()) {
      if (wrong_.confirmed_only || (wrong_.own_forgotten && again_)) break;
      if (!known.AddIntents(intents)) failure_ = "intents do not parse";
    }
    Digests rows;
    rows.set_at(bounds_[slice].to);
    Digests intents;
    intents.set_kind(Digests::INTENTS);
    std::vector<std::function<void()>> records;
    for (const auto& [key, value] : source_) {
      if (!IsIn(key, bounds_[slice])) continue;
      AppendRow(*rows.mutable_entries(), KeyOf(key), DigestOf(value));
      if (!known.MustSend(KeyOf(key), DigestOf(value))) continue;
      AppendUpsert(*intents.mutable_entries(), KeyOf(key), DigestOf(value));
      records.push_back([this, key = key, value = value] { destination_[key] = value; });
    }
    known.TakeGone([&](std::string_view key) {
      AppendDelete(*intents.mutable_entries(), key);
      records.push_back([this, gone = std::stoi(std::string(key))] { destination_.erase(gone); });
    });
    std::shuffle(records.begin(), records.end(), random_);
    const auto tell = [this, slice, intents] {
      keeper_->AddCompared(kTable, slice, intents);
      SyncDisk();
    };
    const bool any = !records.empty();
    if (any && !wrong_.record_first) steps_.push_back(tell);
    for (auto& record : records) {
      steps_.push_back([this, record = std::move(record)] {
        record();
        ++sent_;
      });
    }
    if (any && wrong_.record_first) steps_.push_back(tell);
    // The worker ends within the slice, and another worker reads the slice again.
    if (any && random_() % 8 == 0) {
      steps_.resize(1 + random_() % steps_.size());
      slices_.push_back(slice);
      again_ = true;
      steps_.push_back([this, slice] { keeper_->ForgetSlice(kTable, slice); });
      return;
    }
    again_ = false;
    steps_.push_back([this, slice, rows, any] {
      if (any) keeper_->AddCompared(kTable, slice, rows);
      if (--left_ > 0) return;
      const std::uint64_t finished = keeper_->FinishComparison(kTable, CatalogTable::RANGES);
      SyncDisk();
      generation_ = finished;
    });
  }

  Rows& source_;
  Rows& destination_;
  std::uint64_t generation_;
  const WrongRules wrong_;
  std::mt19937_64& random_;
  std::unique_ptr<DigestKeeper> keeper_;
  std::vector<BoundRange> bounds_;
  std::vector<std::size_t> slices_;
  std::size_t left_ = 0;
  std::deque<std::function<void()>> steps_;
  int sent_ = 0;
  bool again_ = false;
  std::string failure_;
};

}  // namespace

LifeEnd LiveOnce(std::uint64_t seed, const WrongRules& wrong, const std::string& folder) {
  std::mt19937_64 random(seed);
  const auto one_in = [&random](int n) { return random() % static_cast<unsigned>(n) == 0; };
  Rows source;
  Rows destination;
  for (int key = 0; key < kKeys; ++key) {
    if (!one_in(3)) source[key] = static_cast<int>(random() % 3);
  }
  std::vector<SavedState> saved{{}};
  std::unique_ptr<Connector> connector;
  const auto begin = [&](std::uint64_t generation) {
    connector.reset();
    connector = std::make_unique<Connector>(source, destination, generation, wrong, random, folder);
  };
  begin(0);
  // The source does not change during the first copy.
  while (connector->Step()) {
  }
  for (int step = 0; step < kSteps && connector->failure().empty(); ++step) {
    if (one_in(4)) {
      const int key = static_cast<int>(random() % kKeys);
      if (one_in(2)) {
        source.erase(key);
      } else {
        source[key] = static_cast<int>(random() % 3);
      }
    } else if (!connector->Step()) {
      saved = {{connector->generation(), destination}};
      begin(saved.back().generation);
    }
    if (one_in(20)) saved.push_back({connector->generation(), destination});
    if (!one_in(30)) continue;
    // The client sends this state; from now on it cannot send an older or a newer one.
    std::size_t at = saved.size() - 1;
    if (one_in(3)) at -= std::min<std::size_t>(at, random() % 3);
    const SavedState back = saved[at];
    if (back.generation == 0) continue;
    saved = {back};
    if (one_in(2)) destination = back.destination;
    begin(back.generation);
  }
  const auto quiet = [&] {
    begin(connector->generation());
    while (connector->Step()) {
    }
  };
  while (connector->Step()) {
  }
  quiet();
  LifeEnd end;
  end.diverged = destination != source;
  quiet();
  end.needless = connector->sent();
  end.failure = connector->failure();
  return end;
}

}  // namespace tributary::tests
