// Workers whose frames are merged, one of them in the middle of a large message.
#include "supervisor/sync/merger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "proto/connector_sdk.pb.h"
#include "supervisor/delivery/stager.h"
#include "supervisor/sync/copy_lane.h"
#include "supervisor/sync/widening_warning.h"
#include "tests/process/child_process.h"
#include "tests/process/temp_dir.h"
#include "tests/supervisor/staging/staged_stream.h"
#include "tests/supervisor/sync/fake_client.h"
#include "tests/supervisor/sync/fake_worker.h"

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

// A real one, on a disk of its own.
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

  // Rows, by the table's place.
  std::map<std::size_t, std::uint64_t> accounted;
  Outbox* outbox = nullptr;
  // Rung at each look, so that no time has to pass between two.
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
  // Copies the tables with as many workers; script_of says what each one does that is
  // started, by its number.
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

  // Reads everything but kLarge, with which it does `large`.
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
  // And no more of it.
  static void BeginMessage(const Assignment& work, FakeWorker& worker) {
    worker.Open(work.id());
    worker.ring().Write(FrameType::kPart, work.id(), "the beginning");
  }

  Doorbell bell_ = Doorbell::Make().value();
  Metrics metrics_;
  FakeClient client_;
  FakeHost host_;
  // Of all tables.
  google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> columns_;
  State state_;
  SyncFigures figures_;
  std::uint64_t deaths_ = 0;
  std::size_t live_ = 0;
};

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
      if (work.has_cut()) return worker.AnswerCut(work.id());
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
    // Where what holds the ring is staged, its space is had.
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

// The ring's oldest bytes are theirs, and the message may need all of it.
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

// A frame may have nothing but its header.
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

// What the stream has, in order: its Warnings' texts, and else the kind of message.
std::vector<std::string> KindsOf(const std::vector<std::string>& messages) {
  std::vector<std::string> kinds;
  for (const std::string& message : messages) {
    fivetran_sdk::v2::UpdateResponse response;
    if (message == "rows") {
      kinds.push_back(message);
    } else if (!response.ParseFromString(message)) {
      kinds.push_back("not parsed");
    } else if (response.has_warning()) {
      kinds.push_back(response.warning().message());
    } else if (response.has_schema_change()) {
      const auto& column = response.schema_change().with_schema().schemas(0).tables(0).columns(0);
      kinds.push_back(column.name() + " " + DataType_Name(column.type()));
    } else {
      kinds.push_back("truncate");
    }
  }
  return kinds;
}

Widening WiderColumn(fivetran_sdk::v2::DataType type, Widening::Misfit misfit) {
  Widening widening;
  widening.set_column("at");
  widening.set_type(type);
  widening.add_misfits(misfit);
  return widening;
}

TEST_F(MergerTest, TypesThatASampleFoundAreToldBeforeTheFirstRowAndOneMetLaterStartsAgain) {
  int cuts = 0;
  int reads = 0;
  columns_ = [] {
    google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> columns;
    columns.Add()->set_name("at");
    columns.rbegin()->set_type(fivetran_sdk::v2::NAIVE_DATE);
    return columns;
  }();
  std::vector<fivetran_sdk::v2::DataType> types;
  const absl::Status copied = Copy({kLarge}, [&](int) {
    return [&](const Assignment& work, FakeWorker& worker) {
      if (work.has_cut()) {
        types.push_back(work.cut().tables(0).columns(0).type());
        Answer page;
        Slices::Table& cut = *page.mutable_slices()->add_tables();
        if (++cuts == 1) {
          *cut.add_widen() = WiderColumn(fivetran_sdk::v2::NAIVE_DATETIME, Widening::TIME_OF_DAY);
        }
        worker.ring().Write(FrameType::kAnswer, work.id(), page.SerializeAsString());
        return worker.Done(work.id());
      }
      types.push_back(work.read().columns(0).type());
      if (++reads > 1) return worker.ReadAll(work, "rows");
      worker.Open(work.id());
      worker.ring().Write(FrameType::kBatch, work.id(), "rows");
      AssignmentEnd end;
      end.set_outcome(AssignmentEnd::WIDEN);
      *end.add_widen() = WiderColumn(fivetran_sdk::v2::STRING, Widening::EMPTY_TEXT);
      worker.ring().Write(FrameType::kEnd, work.id(), end.SerializeAsString());
    };
  });
  EXPECT_TRUE(copied.ok()) << copied;
  EXPECT_EQ(live_, 1u);
  EXPECT_EQ(types, (std::vector{fivetran_sdk::v2::NAIVE_DATE, fivetran_sdk::v2::NAIVE_DATETIME,
                                fivetran_sdk::v2::STRING, fivetran_sdk::v2::STRING}))
      << "cut, read, cut, read";
  const std::string warning =
      "main.large: columns hold values that do not fit their types, and are sent in other types "
      "from "
      "now on: at as ";
  EXPECT_EQ(KindsOf(client_.messages()),
            (std::vector<std::string>{warning + "NAIVE_DATETIME (times of day).",
                                      "at NAIVE_DATETIME", "truncate", "rows",
                                      warning + "STRING (empty texts); the table is copied again.",
                                      "at STRING", "truncate", "rows"}));
}

TEST(WideningWarningTest, OneTextNamesTheColumnsTheirTypesAndWhatTheyHold) {
  TableToCopy table = TableOf("t");
  std::vector<Widening> columns;
  for (int i = 0; i < 60; ++i) {
    Widening& column = columns.emplace_back();
    column.set_column(std::string(1000, 'c'));
    column.set_type(fivetran_sdk::v2::STRING);
    for (const auto misfit : {Widening::ZONE, Widening::BLOB, Widening::ZONE}) {
      column.add_misfits(misfit);
    }
  }
  const std::string text = WideningWarning(table, columns, /*copies_again=*/false);
  EXPECT_LT(text.size(), 20'000u);
  EXPECT_NE(text.find("as STRING (times with a zone, blobs), "), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(", and 10 more.")) << text;
  for (int misfit = 1; misfit < Widening::Misfit_ARRAYSIZE; ++misfit) {
    columns.resize(1);
    columns[0].clear_misfits();
    columns[0].add_misfits(static_cast<Widening::Misfit>(misfit));
    const std::string one = WideningWarning(table, columns, false);
    EXPECT_EQ(one.find("other texts") != std::string::npos, misfit == Widening::TEXT) << one;
  }
}

std::vector<std::string> Names(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back("t" + std::to_string(i));
  return names;
}

TEST_F(MergerTest, RingsOfWorkersThatEndedTakeNoMoreMemoryThanThoseOfTheLiving) {
  constexpr std::size_t kWorkers = 2;
  const std::vector<std::string> tables = Names(20);
  std::vector<std::weak_ptr<FakeRing>> rings;
  std::size_t most = 0;
  client_.TakeNothing(true);
  host_.bell = &bell_;
  host_.over = [&](FakeHost& host) {
    const auto there =
        std::count_if(rings.begin(), rings.end(), [](const auto& ring) { return !ring.expired(); });
    most = std::max(most, static_cast<std::size_t>(there));
    if (host.looks == 200) client_.TakeNothing(false);
    return false;
  };
  // Each ends as soon as it has read a table.
  const absl::Status copied = Copy(tables, kWorkers, StartFakes([&](int) {
                                     return [&](const Assignment& work, FakeWorker& worker) {
                                       if (work.has_cut()) return worker.AnswerCut(work.id());
                                       rings.push_back(worker.RingWhileItIs());
                                       worker.Open(work.id());
                                       worker.ring().Write(FrameType::kBatch, work.id(), "rows");
                                       worker.MarkAt(work.id(), work.read().range().to());
                                       worker.End(std::nullopt);
                                     };
                                   }));
  EXPECT_TRUE(copied.ok()) << copied;
  EXPECT_EQ(live_, tables.size());
  EXPECT_EQ(deaths_, tables.size());
  EXPECT_GT(host_.looks, 200);
  EXPECT_LE(most, 2 * kWorkers + 1);
}

TEST_F(MergerTest, WhereNoWorkerCanBeStartedTheOthersAreGivenNothingMore) {
  const std::vector<std::string> tables = Names(200);
  int started = 0;
  int given = 0;
  int given_before = -1;
  StartWorker start = StartFakes([&](int number) {
    return [&, number](const Assignment& work, FakeWorker& worker) {
      if (number == 0 && work.has_read()) return void(worker.End(std::nullopt));
      ++given;
      work.has_cut() ? worker.AnswerCut(work.id()) : worker.ReadAll(work, "rows");
    };
  });
  host_.bell = &bell_;
  const absl::Status copied =
      Copy(tables, 2,
           [&](int bell, const Opening& opening,
               Metrics& metrics) -> absl::StatusOr<std::unique_ptr<Worker>> {
             if (++started <= 2) return start(bell, opening, metrics);
             given_before = given;
             return absl::ResourceExhaustedError("no process");
           });
  EXPECT_EQ(copied.code(), absl::StatusCode::kUnavailable) << copied;
  EXPECT_LT(live_, tables.size());
  EXPECT_EQ(given, given_before);
}

// Staging that is full waits for them.
TEST_F(MergerTest, CheckpointsGoOnWhileACopyStopsForItsSource) {
  host_.bell = &bell_;
  std::optional<Assignment> waits;
  FakeWorker* waiting = nullptr;
  int looks_when_stopped = 0;
  host_.over = [&](FakeHost& host) {
    if (host.looks < 10 || !waits.has_value()) return false;
    looks_when_stopped = host.looks_for_checkpoint;
    waiting->ReadAll(*std::exchange(waits, std::nullopt), "rows");
    return false;
  };
  const absl::Status copied = Copy({kLarge, kOther}, [&](int) {
    return [&](const Assignment& work, FakeWorker& worker) {
      if (work.has_cut()) return worker.AnswerCut(work.id());
      worker.Open(work.id());
      if (work.read().table() == kLarge) {
        return worker.Failed(work.id(), absl::StatusCode::kFailedPrecondition);
      }
      waits = work;
      waiting = &worker;
    };
  });
  EXPECT_EQ(copied.code(), absl::StatusCode::kFailedPrecondition) << copied;
  EXPECT_GT(looks_when_stopped, 0);
  EXPECT_GT(host_.looks_for_checkpoint, looks_when_stopped);
}

}  // namespace
}  // namespace tributary::tests
