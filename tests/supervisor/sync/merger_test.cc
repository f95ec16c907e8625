// The merger with workers one of which is in the middle of a large message.
#include "supervisor/sync/merger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "tests/process/child_process.h"
#include "tests/supervisor/sync/merger_scene.h"

namespace tributary::tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(MergerTest, TimeIsCountedUnderWhatIsWaitedFor) {
  const auto nothing = [](int) { return [](const Assignment&, FakeWorker&) {}; };
  host_.bell = &bell_;
  host_.step = std::chrono::milliseconds(1);
  host_.over = [](FakeHost& host) { return host.looks > 20; };
  EXPECT_FALSE(Copy({kOther}, nothing).ok());
  EXPECT_GT(figures_.waited(WaitStage::kSource), Clock::duration());
  EXPECT_EQ(figures_.waited(WaitStage::kStaging), Clock::duration());
  figures_ = SyncFigures();
  host_.looks = 0;
  host_.takes_more = false;
  EXPECT_FALSE(Copy({kOther}, nothing).ok());
  EXPECT_GT(figures_.waited(WaitStage::kStaging), Clock::duration());
  EXPECT_EQ(figures_.waited(WaitStage::kSource), Clock::duration());
}

TEST_F(MergerTest, WhatIsReadOfATableIsAccountedForBeforeItsWorkIsOver) {
  EXPECT_TRUE(Copy({kLarge, kOther}, [](int) { return Reader(ReadSoundly); }).ok());
  EXPECT_EQ(host_.accounted.size(), 2u);
  std::uint64_t rows = 0;
  for (const auto& [table, count] : host_.accounted) rows += count;
  EXPECT_EQ(rows, figures_.records);
  EXPECT_GT(rows, 0u);
}

TEST_F(MergerTest, WhileAMessageIsAssembledTheSyncSleepsThoughOthersHaveFrames) {
  static constexpr seconds kWatched{1};
  // The reads of the others, which write nothing before the message has begun.
  std::vector<std::pair<Assignment, FakeWorker*>> reads;
  int looks_at_beginning = 0;
  Clock::time_point begun;
  host_.over = [&](FakeHost& host) {
    if (looks_at_beginning == 0 || host.looks < looks_at_beginning + 3) return false;
    for (const auto& [work, worker] : std::exchange(reads, {})) worker->ReadAll(work, "rows");
    if (begun == Clock::time_point{}) begun = Clock::now();
    return Clock::now() - begun > kWatched;
  };
  const absl::Status copied = Copy({kLarge, kOther, "third"}, [&](int) {
    return [&](const Assignment& work, FakeWorker& worker) {
      if (work.has_cut()) return worker.AnswerCut(work.id());
      if (work.read().table() != kLarge) return void(reads.emplace_back(work, &worker));
      BeginMessage(work, worker);
      looks_at_beginning = host_.looks;
    };
  });
  EXPECT_EQ(copied.code(), absl::StatusCode::kCancelled) << copied;
  EXPECT_EQ(live_, 0u);
  // Five looks per second, and some at the start.
  EXPECT_LT(host_.looks, 50);
}

TEST_F(MergerTest, WorkerThatBringsNoMoreOfItsMessageIsEndedAndTheOthersGoOn) {
  host_.bell = &bell_;
  host_.step = milliseconds(100);
  const auto begun = host_.now;
  bool rogue = true;
  const absl::Status copied = Copy({kLarge, kOther}, [&rogue](int) {
    return Reader([&rogue](const Assignment& work, FakeWorker& worker) {
      std::exchange(rogue, false) ? BeginMessage(work, worker) : ReadSoundly(work, worker);
    });
  });
  EXPECT_TRUE(copied.ok()) << copied;
  EXPECT_EQ(live_, 2u);
  EXPECT_EQ(deaths_, 1u);
  EXPECT_GE(host_.now - begun, limits::kMessageAssemblyLimit);
  EXPECT_LT(host_.now - begun, 2 * limits::kMessageAssemblyLimit);
}

TEST_F(MergerTest, FewBytesNowAndThenAreNoProgress) {
  host_.bell = &bell_;
  host_.step = milliseconds(100);
  const auto begun = host_.now;
  bool rogue = true;
  std::weak_ptr<FakeRing> trickles;
  std::uint32_t work_id = 0;
  host_.over = [&](FakeHost&) {
    if (const auto ring = trickles.lock()) ring->Write(FrameType::kPart, work_id, "x");
    return false;
  };
  const absl::Status copied = Copy({kLarge, kOther}, [&](int) {
    return Reader([&](const Assignment& work, FakeWorker& worker) {
      if (!std::exchange(rogue, false)) return ReadSoundly(work, worker);
      BeginMessage(work, worker);
      trickles = worker.RingWhileItIs();
      work_id = work.id();
    });
  });
  EXPECT_TRUE(copied.ok()) << copied;
  EXPECT_EQ(live_, 2u);
  EXPECT_EQ(deaths_, 1u);
  EXPECT_LT(host_.now - begun, 2 * limits::kMessageAssemblyLimit);
}

// A client that has stopped reading keeps the stream, or the ring, full for any length of time.
TEST_F(MergerTest, WorkerThatCannotBringMoreIsNotEndedForIt) {
  enum class Case { kFullRing, kFullRingAndStaged, kFullStream };
  for (const Case one : {Case::kFullRing, Case::kFullRingAndStaged, Case::kFullStream}) {
    const bool full_ring = one != Case::kFullStream;
    std::optional<Staging> staging;
    if (one == Case::kFullRingAndStaged) staging.emplace();
    host_ = FakeHost();
    host_.bell = &bell_;
    host_.step = milliseconds(100);
    state_ = State();
    FakeWorker* waits = nullptr;
    std::uint32_t work_id = 0;
    std::string end;
    int detached = 0;
    const auto begun = host_.now;
    host_.over = [&](FakeHost& host) {
      if (waits == nullptr) return false;
      detached = waits->ring().detached();
      host.takes_more = full_ring || host.now - begun > 5 * limits::kMessageAssemblyLimit;
      waits->ring().set_bytes_held(full_ring ? limits::kRingBytes : 0);
      if (host.now - begun <= 5 * limits::kMessageAssemblyLimit) return false;
      waits->ring().Write(FrameType::kBatch, work_id, "the end");
      waits->MarkAt(work_id, end);
      waits->Done(work_id);
      waits = nullptr;
      return false;
    };
    const absl::Status copied =
        Copy({kLarge, kOther}, 2, StartFakes([&](int) {
               return Reader([&](const Assignment& work, FakeWorker& worker) {
                 BeginMessage(work, worker);
                 waits = &worker;
                 work_id = work.id();
                 end = work.read().range().to();
               });
             }),
             staging.has_value() ? &staging->stager : nullptr);
    EXPECT_TRUE(copied.ok()) << copied;
    EXPECT_EQ(live_, 2u);
    EXPECT_EQ(deaths_, 0u);
    EXPECT_GE(host_.now - begun, 5 * limits::kMessageAssemblyLimit);
    // If the data that fills the ring is staged, its space becomes free.
    EXPECT_EQ(detached > 0, staging.has_value());
  }
}

TEST_F(MergerTest, NoMoreThanOneTurnLiesBetweenTwoLooksForACheckpoint) {
  constexpr std::size_t kBatches = 40;
  const std::string batch(limits::kBytesInTurn / 10, 'r');
  const absl::Status copied = Copy({"a", "b", "c", "d", "e", "f", "g", "h"}, [&](int) {
    return [&](const Assignment& work, FakeWorker& worker) {
      if (work.has_cut()) return worker.AnswerCut(work.id());
      worker.Open(work.id());
      for (std::size_t i = 0; i < kBatches; ++i) {
        worker.ring().Write(FrameType::kBatch, work.id(), batch);
      }
      worker.MarkAt(work.id(), work.read().range().to());
      worker.Done(work.id());
    };
  });
  EXPECT_TRUE(copied.ok()) << copied;
  EXPECT_EQ(live_, 8u);
  EXPECT_GT(host_.most_between_checkpoints, batch.size());
  EXPECT_LE(host_.most_between_checkpoints, limits::kBytesInTurn + batch.size() + limits::kKiB);
}

// Their bytes are the oldest in the ring, and the message may need the whole ring.
TEST_F(MergerTest, BatchesBeforeALargeMessageAreStagedWhileItIsAssembled) {
  Staging staging;
  const auto begun = Clock::now();
  host_.over = [&](FakeHost&) {
    return staging.stager.staged_position() > 0 || Clock::now() - begun > kPatience;
  };
  const absl::Status copied =
      Copy({kLarge}, 1, StartFakes([](int) {
             return Reader([](const Assignment& work, FakeWorker& worker) {
               worker.Open(work.id());
               worker.ring().Write(FrameType::kBatch, work.id(), "rows");
               worker.ring().Write(FrameType::kPart, work.id(), "the beginning");
             });
           }),
           &staging.stager);
  EXPECT_EQ(copied.code(), absl::StatusCode::kCancelled) << copied;
  EXPECT_GT(staging.stager.staged_position(), 0u);
}

// The digests of unchanged slices fill a ring, but a sent row before them keeps its space.
TEST_F(MergerTest, BatchThatKeepsARingFullIsStagedThoughNothingMoreComes) {
  Staging staging;
  const auto begun = Clock::now();
  host_.over = [&](FakeHost&) {
    return staging.stager.staged_position() > 0 || Clock::now() - begun > kPatience;
  };
  const absl::Status copied = Copy({kLarge}, 1, StartFakes([](int) {
                                     return Reader([](const Assignment& work, FakeWorker& worker) {
                                       worker.Open(work.id());
                                       worker.ring().Write(FrameType::kBatch, work.id(), "rows");
                                       worker.ring().set_bytes_held(limits::kRingBytes);
                                     });
                                   }),
                                   &staging.stager);
  EXPECT_EQ(copied.code(), absl::StatusCode::kCancelled) << copied;
  EXPECT_GT(staging.stager.staged_position(), 0u);
}

// A frame may consist of its header only.
TEST_F(MergerTest, MarksOfNothingEndTheirWorkersTurnToo) {
  constexpr std::size_t kMarks = 100'000;
  std::weak_ptr<FakeRing> ring;
  std::size_t most_in_turn = 0;
  std::size_t left = kMarks;
  host_.bell = &bell_;
  host_.over = [&](FakeHost&) {
    const auto is = ring.lock();
    if (is == nullptr) return false;
    most_in_turn = std::max(most_in_turn, left - is->frames());
    left = is->frames();
    return left == 0;
  };
  const absl::Status copied = Copy({kLarge}, [&](int) {
    return Reader([&](const Assignment& work, FakeWorker& worker) {
      ring = worker.RingWhileItIs();
      worker.Open(work.id());
      for (std::size_t i = 1; i < kMarks; ++i) {
        worker.ring().Write(FrameType::kMark, work.id(), "");
      }
    });
  });
  EXPECT_EQ(copied.code(), absl::StatusCode::kCancelled) << copied;
  EXPECT_GT(most_in_turn, 0u);
  EXPECT_LE(most_in_turn, limits::kBytesInTurn / sizeof(FrameHeader) + 1);
}

}  // namespace
}  // namespace tributary::tests
