// Workers whose frames are merged, one of them in the middle of a large message.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "supervisor/sync/copy.h"
#include "tests/sync/fake_client.h"
#include "tests/sync/fake_worker.h"

namespace tributary::tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// The table whose reader is in the middle of a message.
constexpr char kLarge[] = "large";
constexpr char kOther[] = "other";

TableToCopy TableOf(const std::string& name) {
  TableToCopy table;
  table.name = {"main", name};
  table.columns_digest = "0011223344556677";
  return table;
}

class FakeHost final : public CopyHost {
 public:
  bool ClientGone() override { return client_gone || (over && over(*this)); }
  bool Draining() override { return false; }
  bool CheckpointDue() override {
    if (outbox != nullptr) {
      most_between_checkpoints =
          std::max(most_between_checkpoints, outbox->put_bytes() - put_bytes_at_look);
      put_bytes_at_look = outbox->put_bytes();
    }
    return false;
  }
  absl::Status Checkpoint() override { return absl::OkStatus(); }
  bool TakesMore() override {
    ++looks;
    if (bell != nullptr) bell->Ring();
    return takes_more;
  }
  absl::Status Pump() override { return outbox->Pump(Now()); }
  Clock::time_point Now() override { return now += step; }

  Outbox* outbox = nullptr;
  // Rung at each look, so that no time has to pass between two.
  const Doorbell* bell = nullptr;
  std::function<bool(FakeHost&)> over;
  bool client_gone = false;
  bool takes_more = true;
  Clock::time_point now = Clock::now();
  Clock::duration step{};
  int looks = 0;
  std::uint64_t put_bytes_at_look = 0;
  std::uint64_t most_between_checkpoints = 0;
};

class MergerTest : public ::testing::Test {
 protected:
  // Copies the tables with as many workers; script_of says what each one does that is
  // started, by its number.
  absl::Status Copy(const std::vector<std::string>& tables,
                    std::function<FakeWorker::Script(int)> script_of) {
    std::vector<TableToCopy> copies;
    for (const std::string& table : tables) copies.push_back(TableOf(table));
    Scheduler scheduler(std::move(copies), state_);
    Pool pool(StartFakes(std::move(script_of)), Opening(), tables.size(), bell_, metrics_);
    const absl::Status started = pool.Start(tables.size());
    if (!started.ok()) return started;
    Outbox outbox(client_, nullptr, 0);
    host_.outbox = &outbox;
    tributary::Copy copy(scheduler, pool, outbox, host_, figures_);
    const absl::Status copied = copy.Run();
    deaths_ = copy.deaths();
    live_ = scheduler.live_tables();
    host_.outbox = nullptr;
    return copied;
  }

  // Reads everything but kLarge, with which it does `large`.
  static FakeWorker::Script Reader(FakeWorker::Script large) {
    return [large = std::move(large)](const Assignment& work, FakeWorker& worker) {
      if (work.has_slice()) {
        worker.AnswerCut(work.id());
      } else if (work.read().table() == kLarge) {
        large(work, worker);
      } else {
        worker.ReadAll(work, "rows");
      }
    };
  }
  static void ReadSoundly(const Assignment& work, FakeWorker& worker) {
    worker.ReadAll(work, "rows");
  }
  // And no more of it.
  static void BeginMessage(const Assignment& work, FakeWorker& worker) {
    worker.Open(work.id());
    worker.ring().Write(FrameType::kPart, work.id(), "the beginning");
  }

  Doorbell bell_ = Doorbell::Make().value();
  Metrics metrics_;
  FakeClient client_;
  FakeHost host_;
  State state_;
  SyncFigures figures_;
  std::uint64_t deaths_ = 0;
  std::size_t live_ = 0;
};

TEST_F(MergerTest, WhileAMessageIsAssembledTheSyncSleepsThoughOthersHaveFrames) {
  static constexpr seconds kWatched{1};
  // Of the others, which write nothing before the message has begun.
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
      if (work.has_slice()) return worker.AnswerCut(work.id());
      if (work.read().table() != kLarge) return void(reads.emplace_back(work, &worker));
      BeginMessage(work, worker);
      looks_at_beginning = host_.looks;
    };
  });
  EXPECT_EQ(copied.code(), absl::StatusCode::kCancelled) << copied;
  EXPECT_EQ(live_, 0u);
  // Five looks in a second, and some at the start.
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

// A client that stands still keeps the stream, or the ring, full for as long as it likes.
TEST_F(MergerTest, WorkerThatCannotBringMoreIsNotEndedForIt) {
  for (const bool full_ring : {true, false}) {
    host_ = FakeHost();
    host_.bell = &bell_;
    host_.step = milliseconds(100);
    state_ = State();
    FakeWorker* waits = nullptr;
    std::uint32_t work_id = 0;
    std::string end;
    const auto begun = host_.now;
    host_.over = [&](FakeHost& host) {
      if (waits == nullptr) return false;
      host.takes_more = full_ring || host.now - begun > 5 * limits::kMessageAssemblyLimit;
      waits->ring().set_bytes_held(full_ring ? limits::kRingBytes : 0);
      if (host.now - begun <= 5 * limits::kMessageAssemblyLimit) return false;
      waits->ring().Write(FrameType::kBatch, work_id, "the end");
      waits->MarkAt(work_id, end);
      waits->Done(work_id);
      waits = nullptr;
      return false;
    };
    const absl::Status copied = Copy({kLarge, kOther}, [&](int) {
      return Reader([&](const Assignment& work, FakeWorker& worker) {
        BeginMessage(work, worker);
        waits = &worker;
        work_id = work.id();
        end = work.read().range().to();
      });
    });
    EXPECT_TRUE(copied.ok()) << copied;
    EXPECT_EQ(live_, 2u);
    EXPECT_EQ(deaths_, 0u);
    EXPECT_GE(host_.now - begun, 5 * limits::kMessageAssemblyLimit);
  }
}

TEST_F(MergerTest, NoMoreThanOneTurnLiesBetweenTwoLooksForACheckpoint) {
  constexpr std::size_t kBatches = 40;
  const std::string batch(limits::kBytesInTurn / 10, 'r');
  const absl::Status copied = Copy({"a", "b", "c", "d", "e", "f", "g", "h"}, [&](int) {
    return [&](const Assignment& work, FakeWorker& worker) {
      if (work.has_slice()) return worker.AnswerCut(work.id());
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

}  // namespace
}  // namespace tributary::tests
