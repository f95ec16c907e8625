#include "supervisor/pool/ask.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/debugger.h"
#include "common/limits.h"
#include "supervisor/pool/doorbell.h"
#include "supervisor/pool/worker_process.h"

namespace tributary {
namespace {

constexpr std::chrono::milliseconds kLook(100);
constexpr std::chrono::milliseconds kBetweenLooks(1000);

}  // namespace

bool PulseWatch::Silent(std::uint64_t pulse, Clock::time_point now) {
  if (now - last_look_ < kBetweenLooks) return false;
  last_look_ = now;
  silent_looks_ = pulse == pulse_ ? silent_looks_ + 1 : 0;
  pulse_ = pulse;
  return silent_looks_ >= limits::kSilentPulseLooks && !kForDebugger;
}

namespace {

// The answer to one question, as its pages come. A worker is not trusted: anything that a correct
// one cannot have written is refused, with a reason.
class Answering {
 public:
  explicit Answering(const Assignment& asked) : asked_(asked) {}

  // Null: the frame was accepted. `over_` is set by the assignment's end.
  const char* Take(const Frame& frame) {
    if (frame.assignment != asked_.id()) return "it wrote a frame for work that it does not have";
    // A copy, which the worker cannot change while it is parsed.
    const std::string payload(frame.payload);
    if (frame.type == FrameType::kEnd) {
      AssignmentEnd end;
      const bool sound = end.ParseFromString(payload) && (end.outcome() == AssignmentEnd::DONE ||
                                                          end.outcome() == AssignmentEnd::FAILED);
      if (!sound || (end.outcome() == AssignmentEnd::DONE && !Complete())) return kMisfit;
      over_ = true;
      if (end.outcome() == AssignmentEnd::FAILED) failure_ = ToStatus(end.failure());
      return nullptr;
    }
    Answer answer;
    const bool expected = frame.type == FrameType::kAnswer && asked_.has_describe();
    if (!expected || !answer.ParseFromString(payload) || !answer.has_catalog()) return kMisfit;
    return TakePage(*answer.mutable_catalog());
  }

  bool over() const { return over_; }
  absl::StatusOr<Catalog> Result() && {
    if (!failure_.ok()) return failure_;
    return std::move(catalog_);
  }

 private:
  static constexpr char kMisfit[] = "its answer does not fit the question";

  bool Complete() const {
    if (!asked_.has_describe()) return true;
    if (pages_ == 0) return false;
    return !catalog_.unchanged() || !asked_.describe().known_version().empty();
  }
  const char* TakePage(Catalog& page) {
    ++pages_;
    memory_ += page.SpaceUsedLong();
    if (memory_ > 2 * limits::kMaxCatalogMemoryBytes) return "its catalog is over the size limit";
    for (const CatalogTable& table : page.tables()) {
      const bool named = !table.table().empty() &&
                         std::all_of(table.columns().begin(), table.columns().end(),
                                     [](const auto& column) { return !column.name().empty(); });
      if (!named) return "its catalog has a table or column without a name";
      if (!names_.emplace(table.schema(), table.table()).second) {
        return "its catalog names a table twice";
      }
    }
    // Moved, as a copy of thousands of tables takes a twentieth of a sync that finds no change.
    for (CatalogTable& table : *page.mutable_tables()) *catalog_.add_tables() = std::move(table);
    page.clear_tables();
    catalog_.MergeFrom(page);
    return nullptr;
  }

  const Assignment& asked_;
  Catalog catalog_;
  std::set<std::pair<std::string, std::string>> names_;
  std::size_t pages_ = 0;
  std::size_t memory_ = 0;
  bool over_ = false;
  absl::Status failure_;
};

}  // namespace

absl::Status ToStatus(const Failure& failure) {
  const auto code = static_cast<absl::StatusCode>(failure.code());
  return code == absl::StatusCode::kOk
             ? absl::InternalError("a worker reported a failure without a code")
             : absl::Status(code, failure.message());
}

absl::StatusOr<Catalog> Ask(Worker& worker, const Assignment& assignment,
                            const std::function<bool()>& give_up, const Clock& clock) {
  const absl::Status sent = worker.Send(assignment);
  if (absl::IsResourceExhausted(sent)) return sent;
  const auto end = [&worker](absl::string_view why, WorkerEnd how = WorkerEnd::kBroken) {
    worker.End(how);
    return absl::UnavailableError(absl::StrCat("ask a worker: ", why, "; it was ended"));
  };
  Answering answering(assignment);
  PulseWatch watch;
  for (;;) {
    // What it wrote before it ended counts.
    const absl::Status look = worker.Look();
    for (;;) {
      auto frame = worker.ring().Next();
      if (!frame.ok()) return end(frame.status().message());
      if (!frame->has_value()) break;
      if (const char* broken = answering.Take(**frame)) return end(broken);
      if (answering.over()) return std::move(answering).Result();
    }
    if (absl::IsInvalidArgument(look)) return end(look.message());
    if (!look.ok())
      return absl::UnavailableError(absl::StrCat("ask a worker: it was ", worker.End()));
    if (give_up()) return absl::CancelledError("ask a worker: no one waits for the answer");
    if (watch.Silent(worker.ring().pulse(), clock.Now())) {
      return end("it showed no sign of life", WorkerEnd::kSilent);
    }
    worker.Wait(kLook);
  }
}

absl::StatusOr<Catalog> AskNewWorker(const Opening& opening, const Assignment& assignment,
                                     const std::function<bool()>& give_up, Metrics& metrics) {
  absl::Status last;
  for (int attempt = 0; attempt < limits::kDeathsOfSlice; ++attempt) {
    auto bell = Doorbell::Make();
    if (!bell.ok()) return bell.status();
    auto worker = WorkerProcess::Start(bell->fd(), opening, metrics);
    if (!worker.ok()) return worker.status();
    auto answer = Ask(**worker, assignment, give_up);
    if (answer.ok() || (*worker)->alive()) return answer;
    last = answer.status();
  }
  return last;
}

Opening MakeOpening(const std::map<std::string, std::string>& configuration,
                    const std::map<std::string, std::string>& operator_settings,
                    const std::string& connection) {
  Opening opening;
  opening.mutable_configuration()->insert(configuration.begin(), configuration.end());
  opening.mutable_operator_settings()->insert(operator_settings.begin(), operator_settings.end());
  opening.set_address_space_bytes(limits::kWorkerAddressSpaceBytes);
  opening.set_connection(connection);
  return opening;
}

}  // namespace tributary
