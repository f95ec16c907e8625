#include "tests/simulation/world.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/simulation/simulated_worker.h"

namespace tributary::simulation {
namespace {

// No sync of such a small source takes this many steps.
constexpr std::size_t kMostSteps = 50'000;
// No field of UpdateResponse begins with this byte, so no message of the supervisor does.
constexpr char kBatchMark = '\xff';

}  // namespace

std::string Batches::BytesOf(std::uint64_t number, std::size_t padding) {
  std::string bytes(1 + sizeof(number) + padding, kBatchMark);
  std::memcpy(bytes.data() + 1, &number, sizeof(number));
  Random noise(number);
  for (std::size_t at = 1 + sizeof(number); at + sizeof(number) <= bytes.size();
       at += sizeof(number)) {
    const std::uint64_t value = noise();
    std::memcpy(bytes.data() + at, &value, sizeof(value));
  }
  return bytes;
}

std::string Batches::Make(MessagePtr rows, std::size_t padding) {
  batches_.push_back({std::move(rows), padding});
  return BytesOf(batches_.size() - 1, padding);
}

MessagePtr Batches::Open(std::string_view bytes) const {
  std::uint64_t number = 0;
  if (bytes.size() < 1 + sizeof(number) || bytes.front() != kBatchMark) return nullptr;
  std::memcpy(&number, bytes.data() + 1, sizeof(number));
  if (number >= batches_.size() || bytes != BytesOf(number, batches_[number].padding)) {
    return std::make_shared<Message>(Message{.kind = Message::Kind::kDamaged});
  }
  return batches_[number].rows;
}

World::World(Random& random, SimulatedSource& source, Batches& batches, FaultEnv& disk,
             const Faults& faults)
    : random_(random), source_(source), batches_(batches), disk_(disk), faults_(faults) {
  disk_.FailAt(FaultEnv::kNever, false);
  if (faults_.workers_die) kills_left_ = 1 + Below(random_, limits::kDeathsInRow + 4);
  if (faults_.disk_fails && OneIn(random_, 3)) disk_.FailAt(1 + Below(random_, 60), true);
}

void World::Step() {
  wake();
  if (killed_) return;
  if (++steps_ > kMostSteps) return Break("the sync does not end");
  now_ += std::chrono::milliseconds(Below(random_, 40));
  if (faults_.client_is_slow && OneIn(random_, 10)) now_ += limits::kSpillAfter;
  for (std::size_t steps = Below(random_, 8); steps > 0 && !workers_.empty(); --steps) {
    workers_[Below(random_, workers_.size())]->Step();
    source_.StepBetween(faults_);
  }
  source_.Step(faults_);
  if (kills_left_ > 0 && !workers_.empty() && OneIn(random_, 15)) {
    --kills_left_;
    workers_[Below(random_, workers_.size())]->Kill();
  }
  if (faults_.disk_fails && OneIn(random_, 20)) {
    disk_was_bad_ = disk_was_bad_ || disk_.failed();
    disk_.FailAt(1 + Below(random_, 10), OneIn(random_, 2));
  }
  const bool staging_rests = faults_.disk_is_slow && !OneIn(random_, 10);
  for (std::size_t turns = staging_rests ? 0 : Below(random_, 6); turns > 0 && stager_ != nullptr;
       --turns) {
    stager_->Turn();
  }
  client_step();
  if (faults_.supervisor_drains && OneIn(random_, 200)) drain();
  if (faults_.supervisor_dies && OneIn(random_, 60)) Kill();
}

void World::Leave(const SimulatedWorker* worker) { std::erase(workers_, worker); }

std::shared_ptr<void> World::RunStager(Stager& stager) {
  stager_ = &stager;
  return {&stager, [this](Stager*) { stager_ = nullptr; }};
}

void World::Kill() {
  killed_ = true;
  disk_.FailAt(1, true);
}

void World::Break(const std::string& what) {
  if (broken_.empty()) broken_ = what;
  Kill();
}

}  // namespace tributary::simulation
