// What a merger does when types become wider, workers end or cannot start, and a copy stops.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "proto/connector_sdk.pb.h"
#include "supervisor/sync/widening_warning.h"
#include "tests/supervisor/sync/merger_scene.h"

namespace tributary::tests {
namespace {

// The stream's messages in order: the text of a Warning, or else the kind of message.
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
  // Each worker ends when it has read one table.
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

// Full staging waits for checkpoints.
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
