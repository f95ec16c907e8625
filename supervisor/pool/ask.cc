#include "supervisor/pool/ask.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/pool/doorbell.h"
#include "supervisor/pool/worker_process.h"

namespace tributary {
namespace {

constexpr std::chrono::milliseconds kLook(100);
constexpr std::int64_t kBetweenLooksMs = 1000;

std::int64_t SteadyMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

bool PulseWatch::Silent(std::uint64_t pulse, std::int64_t now_ms) {
  if (now_ms - last_look_ms_ < kBetweenLooksMs) return false;
  last_look_ms_ = now_ms;
  silent_looks_ = pulse == pulse_ ? silent_looks_ + 1 : 0;
  pulse_ = pulse;
  return silent_looks_ >= limits::kSilentPulseLooks;
}

namespace {

bool NamesATableTwice(const Catalog& catalog) {
  std::set<std::pair<std::string_view, std::string_view>> names;
  return !std::all_of(catalog.tables().begin(), catalog.tables().end(),
                      [&names](const CatalogTable& table) {
                        return names.emplace(table.schema(), table.table()).second;
                      });
}

// Whether a sound worker may say this to what it was asked.
bool Fits(const FromWorker& answer, const Assignment& asked) {
  if (asked.has_test()) return answer.has_tested();
  if (!asked.has_describe() || !answer.has_catalog()) return false;
  if (answer.catalog().unchanged()) return !asked.describe().known_version().empty();
  return !NamesATableTwice(answer.catalog());
}

}  // namespace

absl::Status ToStatus(const Failure& failure) {
  const auto code = static_cast<absl::StatusCode>(failure.code());
  return code == absl::StatusCode::kOk
             ? absl::InternalError("a worker reported a failure without a code")
             : absl::Status(code, failure.message());
}

absl::StatusOr<FromWorker> Ask(Worker& worker, const Assignment& assignment,
                               const std::function<bool()>& give_up) {
  const absl::Status sent = worker.Send(assignment);
  if (absl::IsResourceExhausted(sent)) return sent;
  PulseWatch watch;
  for (;;) {
    FromWorker answer;
    const auto received = worker.Receive(answer);
    if (!received.ok()) {
      return absl::UnavailableError(absl::StrCat("ask a worker: it was ", worker.End()));
    }
    if (*received && answer.assignment() == assignment.id()) {
      if (answer.has_failure()) return ToStatus(answer.failure());
      if (Fits(answer, assignment)) return answer;
      worker.End();
      return absl::UnavailableError("ask a worker: it answered what cannot be and was ended");
    }
    if (give_up()) return absl::CancelledError("ask a worker: nobody waits for the answer");
    if (watch.Silent(worker.ring().pulse(), SteadyMs())) {
      worker.End(WorkerEnd::kSilent);
      return absl::UnavailableError("ask a worker: it showed no sign of life and was ended");
    }
    worker.Wait(kLook);
  }
}

absl::StatusOr<FromWorker> AskNewWorker(const Opening& opening, const Assignment& assignment,
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
                    const std::string& sqlite_root) {
  Opening opening;
  opening.mutable_configuration()->insert(configuration.begin(), configuration.end());
  opening.set_sqlite_root(sqlite_root);
  opening.set_address_space_bytes(limits::kWorkerAddressSpaceBytes);
  return opening;
}

}  // namespace tributary
