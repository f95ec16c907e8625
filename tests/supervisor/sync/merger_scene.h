// A merger with a real pool of fake workers, a real outbox and a fake client.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_SYNC_MERGER_SCENE_H_
#define TRIBUTARY_TESTS_SUPERVISOR_SYNC_MERGER_SCENE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/delivery/stager.h"
#include "supervisor/sync/copy_lane.h"
#include "supervisor/sync/merger.h"
#include "tests/process/temp_dir.h"
#include "tests/supervisor/staging/staged_stream.h"
#include "tests/supervisor/sync/fake_client.h"
#include "tests/supervisor/sync/fake_worker.h"

namespace tributary::tests {

using Clock = std::chrono::steady_clock;

// The table whose worker is in the middle of a message.
inline constexpr char kLarge[] = "large";
inline constexpr char kOther[] = "other";

inline TableToCopy TableOf(const std::string& name) {
  TableToCopy table;
  table.name = {"main", name};
  table.columns_digest = "0011223344556677";
  return table;
}

// Real staging, in a folder of its own.
struct Staging {
  const TempDir dir;
  std::unique_ptr<StagingStore> store = StagingStore::Open(OptionsFor(dir / "staging")).value();
  Stager stager{store->Begin(kEpoch, kKey).value(), [] {}};
  const StagerThread thread{stager};
};

class FakeHost final : public MergerHost {
 public:
  bool ClientGone() override { return client_gone || (over && over(*this)); }
  bool Draining() override { return false; }
  bool CheckpointDue() override {
    ++looks_for_checkpoint;
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

  void Account(Member& member) override {
    if (member.idle()) return;
    const Order& order = member.given.front().order;
    const auto table = order.lane->TableOf(order.ticket);
    if (table.has_value()) accounted[*table] += std::exchange(member.given.front().rows, 0);
  }

  // The number of rows, by the table's index.
  std::map<std::size_t, std::uint64_t> accounted;
  Outbox* outbox = nullptr;
  // Rung at each look, so that the merger never sleeps.
  const Doorbell* bell = nullptr;
  std::function<bool(FakeHost&)> over;
  bool client_gone = false;
  bool takes_more = true;
  Clock::time_point now = Clock::now();
  Clock::duration step{};
  int looks = 0;
  int looks_for_checkpoint = 0;
  std::uint64_t put_bytes_at_look = 0;
  std::uint64_t most_between_checkpoints = 0;
};

class MergerTest : public ::testing::Test {
 protected:
  // Copies the tables with one worker for each; script_of returns what the worker with this number
  // does.
  absl::Status Copy(const std::vector<std::string>& tables,
                    std::function<FakeWorker::Script(int)> script_of) {
    return Copy(tables, tables.size(), StartFakes(std::move(script_of)));
  }
  absl::Status Copy(const std::vector<std::string>& tables, std::size_t workers, StartWorker start,
                    Stager* stager = nullptr) {
    std::vector<TableToCopy> copies;
    for (const std::string& table : tables) {
      copies.push_back(TableOf(table));
      copies.back().columns = columns_;
    }
    Scheduler scheduler(std::move(copies), state_);
    Pool pool(std::move(start), Opening(), workers, bell_, metrics_);
    const absl::Status started = pool.Start(workers);
    if (!started.ok()) return started;
    Outbox outbox(client_, stager, 0);
    host_.outbox = &outbox;
    Requests requests;
    CopyLane lane(scheduler, requests);
    Merger merger({&lane}, requests, pool, outbox, host_, figures_);
    const absl::Status copied = merger.Run();
    deaths_ = merger.deaths();
    live_ = scheduler.In(course::Phase::kLive);
    host_.outbox = nullptr;
    return copied;
  }

  // Reads all tables except kLarge, for which it calls `large`.
  static FakeWorker::Script Reader(FakeWorker::Script large) {
    return [large = std::move(large)](const Assignment& work, FakeWorker& worker) {
      if (work.has_cut()) {
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
  // Writes the beginning of a message and nothing more.
  static void BeginMessage(const Assignment& work, FakeWorker& worker) {
    worker.Open(work.id());
    worker.ring().Write(FrameType::kPart, work.id(), "the beginning");
  }

  Doorbell bell_ = Doorbell::Make().value();
  Metrics metrics_;
  FakeClient client_;
  FakeHost host_;
  // For all tables.
  google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> columns_;
  State state_;
  SyncFigures figures_;
  std::uint64_t deaths_ = 0;
  std::size_t live_ = 0;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_SUPERVISOR_SYNC_MERGER_SCENE_H_
