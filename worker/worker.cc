#include "worker/worker.h"

#include <chrono>
#include <cstdlib>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/control_channel.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/process_title.h"
#include "common/text.h"
#include "common/worker_start.h"
#include "proto/worker.pb.h"
#include "worker/answer_writer.h"
#include "worker/compare/comparison.h"
#include "worker/compare/content_comparison.h"
#include "worker/compare/digesting.h"
#include "worker/encoder/batch_writer.h"
#include "worker/encoder/log_writer.h"
#include "worker/pulse.h"
#include "worker/sandbox/sandbox.h"
#include "worker/sources/change_log.h"
#include "worker/sources/registry.h"

namespace tributary {
namespace {

constexpr std::chrono::milliseconds kIdleBeat(500);

// A driver's texts may hold names from the database in any bytes; protobuf accepts only UTF-8, and
// the supervisor would end the worker for other bytes.
void Repair(std::string& text) {
  if (IsUtf8(text)) return;
  std::string repaired;
  RepairUtf8(text, repaired);
  text = std::move(repaired);
}

void SetFailure(const absl::Status& status, Failure& failure) {
  std::string text(status.message());
  Repair(text);
  failure.set_code(static_cast<int>(status.code()));
  failure.set_message(std::string(Prefix(text, limits::kMaxFailureBytes)));
}

class Worker : public Pulse, private FollowOrders {
 public:
  Worker(const std::vector<Engine>& engines, RingMemory memory, Logger log)
      : log_(std::move(log)),
        engines_(engines),
        ring_(std::move(memory), kDataReadyFd, kSpaceFreeFd),
        channel_(FileDescriptor(kControlFd)) {}

  void Beat() override { ring_.Beat(); }

  // Until the control socket closes.
  void Run() {
    while (Receive()) {
      const ToWorker message = std::move(received_.front());
      received_.pop_front();
      if (message.has_opening()) {
        opened_ = Open(message.opening());
      } else if (message.has_assignment()) {
        Do(message.assignment());
      }
      // An order about a log whose assignment has ended is ignored.
    }
  }

 private:
  // Until there is a message in received_; false: no more will come.
  bool Receive() {
    for (bool first = true; received_.empty(); first = false) {
      if (first) SetProcessTitle("tributary worker: idle");
      if (!TakeReceived()) return false;
      if (!received_.empty()) break;
      channel_.Wait(kIdleBeat);
      Beat();
    }
    return true;
  }

  // Moves what has come into received_: reads, and the first message of another kind, which may be
  // large.
  bool TakeReceived() {
    while (received_.size() < limits::kQueuedAssignments &&
           (received_.empty() || received_.back().assignment().has_read())) {
      ToWorker message;
      const auto received = channel_.Receive(message);
      if (!received.ok()) return !received_.empty();
      if (!*received) break;
      received_.push_back(std::move(message));
    }
    return true;
  }

  // The reads that come directly after the one that begins.
  std::vector<const ReadAssignment*> NextReads() {
    static_cast<void>(TakeReceived());
    std::vector<const ReadAssignment*> next;
    for (const ToWorker& message : received_) {
      if (!message.assignment().has_read()) break;
      next.push_back(&message.assignment().read());
    }
    return next;
  }

  absl::Status Open(const Opening& opening) {
    log_ = log_.With(log_key::kConnection, opening.connection());
    if (opening.worker() > 0) log_ = log_.With(log_key::kWorker, absl::StrCat(opening.worker()));
    SourceOptions options;
    options.configuration = {opening.configuration().begin(), opening.configuration().end()};
    options.operator_settings = {opening.operator_settings().begin(),
                                 opening.operator_settings().end()};
    options.log = log_;
    auto source = MakeReader(engines_, std::move(options), *this);
    if (!source.ok()) return source.status();
    const auto needs = (*source)->Prepare();
    if (!needs.ok()) return needs.status();
    const auto report =
        EnterSandbox(*needs, SandboxOptions{.address_space_bytes = opening.address_space_bytes()});
    if (!report.ok()) return report.status();
    if (report->landlock_abi == 0) {
      log_.Warning(
          "this kernel has no Landlock: the worker's files are confined by permissions only");
    }
    source_ = *std::move(source);
    return absl::OkStatus();
  }

  void Do(const Assignment& assignment) {
    if (assignment.has_read()) {
      Read(assignment.id(), assignment.read());
      return;
    }
    if (assignment.has_compare()) {
      Compare(assignment.id(), assignment.compare());
      return;
    }
    if (assignment.has_follow()) {
      Follow(assignment.id(), assignment.follow());
      return;
    }
    AssignmentEnd end;
    const absl::Status done = opened_.ok() ? Respond(assignment) : opened_;
    end.set_outcome(AssignmentEnd::DONE);
    SendEnd(assignment.id(), done, end);
  }

  absl::Status Respond(const Assignment& assignment) {
    if (assignment.has_test()) {
      SetProcessTitle("tributary worker: setup test");
      return source_->Test(assignment.test().name());
    }
    AnswerWriter answers(ring_, assignment.id());
    if (assignment.has_describe()) {
      SetProcessTitle("tributary worker: catalog");
      auto catalog = source_->Describe(assignment.describe());
      if (!catalog.ok()) return catalog.status();
      for (std::string& remark : *catalog->mutable_remarks()) Repair(remark);
      return answers.Send(*std::move(catalog));
    }
    if (assignment.has_cut()) {
      SetProcessTitle("tributary worker: slicing");
      auto slices = source_->Cut(assignment.cut());
      if (slices.ok()) answers.Send(*std::move(slices));
      return slices.status();
    }
    return absl::UnimplementedError("do assignment: this worker does not know its kind");
  }

  void Read(std::uint32_t id, const ReadAssignment& read) {
    SetProcessTitle(absl::StrCat("tributary worker: ", read.schema(), ".", read.table()));
    AssignmentEnd end;
    absl::Status status = opened_;
    if (status.ok()) {
      std::optional<Digesting> digesting;
      BatchWriter writer(ring_, id);
      if (!read.digest_secret().empty()) writer.Judge(&digesting.emplace(read, ring_, id));
      source_->Expect(NextReads());
      auto result = source_->Read(read, writer);
      status = result.status();
      if (result.ok()) end = *std::move(result);
      end.set_rows(writer.rows());
    }
    SendEnd(id, status, end);
  }

  void Compare(std::uint32_t id, const CompareAssignment& compare) {
    SetProcessTitle(absl::StrCat("tributary worker: comparing ", compare.read().schema(), ".",
                                 compare.read().table()));
    AssignmentEnd end;
    absl::Status status = opened_;
    if (status.ok()) {
      BatchWriter writer(ring_, id);
      if (compare.reads_nothing()) {
        Comparison comparison(compare, ring_, id, writer);
        DeleteAll(comparison, writer, end);
      } else if (IsKeyless(compare.read().columns())) {
        ContentComparison comparison(compare, ring_, id);
        status = CompareBy(comparison, compare.read(), writer, end);
      } else {
        Comparison comparison(compare, ring_, id, writer);
        status = CompareBy(comparison, compare.read(), writer, end);
      }
    }
    SendEnd(id, status, end);
  }

  static void DeleteAll(Comparison& comparison, BatchWriter& writer, AssignmentEnd& end) {
    writer.Judge(&comparison);
    writer.Open("");
    writer.Mark("", "");
    end.set_outcome(AssignmentEnd::DONE);
    end.set_rows(writer.rows());
  }

  template <typename Judge>
  absl::Status CompareBy(Judge& judge, const ReadAssignment& read, BatchWriter& writer,
                         AssignmentEnd& end) {
    writer.Judge(&judge);
    source_->Expect({});
    auto result = source_->Read(read, writer);
    if (result.ok()) end = *std::move(result);
    end.set_rows(writer.rows());
    end.set_rows_read(judge.rows_read());
    // Changes in the rows that were read are sent, however the reading ended.
    if (!result.ok()) writer.Flush();
    return result.status();
  }

  void Follow(std::uint32_t id, const FollowAssignment& follow) {
    SetProcessTitle("tributary worker: log");
    AssignmentEnd end;
    absl::Status status = opened_;
    if (status.ok() && source_->log() == nullptr) {
      status = absl::FailedPreconditionError("follow the log: this source has none");
    }
    if (status.ok()) {
      LogWriter writer(ring_, id);
      auto result = source_->log()->Follow(follow, writer, *this);
      status = result.status();
      if (result.ok()) end = *std::move(result);
      end.set_rows(writer.rows().rows());
      // The written rows are complete, however the reading ended.
      writer.rows().Flush();
    }
    SendEnd(id, status, end);
  }

  // FollowOrders.
  absl::StatusOr<std::optional<FollowOrder>> Next() override {
    ToWorker message;
    const auto received = channel_.Receive(message);
    if (!received.ok()) return received.status();
    if (!*received) return std::nullopt;
    if (!message.has_follow()) {
      return absl::InternalError("follow the log: an order came that is not about the log");
    }
    return std::move(*message.mutable_follow());
  }
  int descriptor() const override { return channel_.fd(); }

  void SendEnd(std::uint32_t id, const absl::Status& status, AssignmentEnd& end) {
    if (!status.ok()) {
      end.set_outcome(AssignmentEnd::FAILED);
      SetFailure(status, *end.mutable_failure());
    }
    ring_.Send(FrameType::kEnd, id, end.SerializeAsString());
  }

  Logger log_;
  const std::vector<Engine>& engines_;
  RingProducer ring_;
  ControlChannel channel_;
  // In their order; not begun.
  std::deque<ToWorker> received_;
  std::unique_ptr<Reader> source_;
  absl::Status opened_ = absl::FailedPreconditionError("do assignment: no opening came before it");
};

}  // namespace

int WorkerMain(int argc, char** argv, const std::vector<Engine>& engines) {
  KeepTitleSpace(argc, argv);
  const Logger log = Logger().With(log_key::kRole, "worker");
  absl::string_view pid_text = argc > 2 ? argv[2] : "";
  int supervisor_pid = 0;
  if (!absl::ConsumePrefix(&pid_text, kSupervisorPidFlag) ||
      !absl::SimpleAtoi(pid_text, &supervisor_pid)) {
    log.Severe("start worker: not started by a supervisor; run tributary without `worker`");
    return EXIT_FAILURE;
  }
  const absl::Status leashed = LeashToSupervisor(supervisor_pid, kLastWorkerFd);
  if (!leashed.ok()) {
    log.Severe(std::string(leashed.message()));
    return EXIT_FAILURE;
  }
  auto memory = RingMemory::Attach(FileDescriptor(kRingFd), limits::kRingBytes);
  if (!memory.ok()) {
    log.Severe(std::string(memory.status().message()));
    return EXIT_FAILURE;
  }
  Worker(engines, *std::move(memory), log).Run();
  return EXIT_SUCCESS;
}

}  // namespace tributary
