#include "supervisor/pool/pool.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"

namespace tributary {
namespace {

std::int64_t SteadyMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::uint64_t Member::queued_bytes() const {
  std::uint64_t bytes = 0;
  for (const Given& one : given) {
    if (const auto* read = std::get_if<ReadWork>(&one.work)) bytes += read->estimated_bytes;
  }
  return bytes;
}

std::size_t Member::queued_cuts() const {
  return static_cast<std::size_t>(std::count_if(given.begin(), given.end(), [](const Given& one) {
    return std::holds_alternative<CutWork>(one.work);
  }));
}

bool Member::Awaits(const FromWorker& answer) const {
  const std::uint32_t id = answer.assignment();
  if (idle() || id <= given.front().id || id > given.back().id) return false;
  // In the order in which they were asked for, so each is taken once.
  if (!early.empty() && id <= early.back().assignment()) return false;
  return std::holds_alternative<CutWork>(given[id - given.front().id].work);
}

Pool::Pool(StartWorker start, Opening opening, std::size_t size, const Doorbell& bell,
           Metrics& metrics)
    : start_(std::move(start)),
      opening_(std::move(opening)),
      size_(size),
      bell_(bell),
      metrics_(metrics) {}

absl::Status Pool::Start(std::size_t count) {
  while (members_.size() < std::min(count, size_)) {
    Member member;
    const absl::Status started = Replace(member);
    if (!started.ok()) return started;
    members_.push_back(std::move(member));
  }
  return absl::OkStatus();
}

absl::Status Pool::Replace(Member& member) {
  member = Member{};
  auto process = start_(bell_.fd(), opening_, metrics_);
  if (!process.ok()) {
    member.ended = true;
    return process.status();
  }
  member.process = *std::move(process);
  return absl::OkStatus();
}

void Pool::Give(Member& member, Work work, Assignment assignment) {
  assignment.set_id(member.next_id++);
  const absl::Status sent = member.process->Send(assignment);
  member.given.push_back({assignment.id(), std::move(work)});
  // Otherwise the worker is gone, which Receive finds.
  if (absl::IsResourceExhausted(sent)) End(member, std::string(sent.message()));
}

std::optional<FromWorker> Pool::Receive(Member& member) {
  if (member.idle()) member.early.clear();
  if (!member.early.empty() && member.early.front().assignment() <= member.given.front().id) {
    FromWorker answer = std::move(member.early.front());
    member.early.pop_front();
    return answer;
  }
  if (member.ended) return std::nullopt;
  FromWorker answer;
  auto received = member.process->Receive(answer);
  while (received.ok() && *received && member.Awaits(answer)) {
    member.early.push_back(std::move(answer));
    received = member.process->Receive(answer);
  }
  if (absl::IsInvalidArgument(received.status())) {
    End(member, std::string(received.status().message()));
  } else if (!received.ok()) {
    member.ending = member.process->End();
    member.ended = true;
  } else if (*received) {
    return answer;
  } else if (!member.idle() && member.watch.Silent(member.process->ring().pulse(), SteadyMs())) {
    End(member, "it showed no sign of life", WorkerEnd::kSilent);
  }
  return std::nullopt;
}

void Pool::End(Member& member, const std::string& why, WorkerEnd end) {
  member.process->End(end);
  member.ended = true;
  member.ending = absl::StrCat("ended by the supervisor, because ", why);
}

void Pool::Wait(std::chrono::milliseconds timeout,
                const std::function<bool(const Member&)>& takes_frames_of) {
  for (Member& member : members_) {
    if (member.process == nullptr || !takes_frames_of(member)) continue;
    if (!member.process->ring().ArmDoorbell()) return;
  }
  std::vector<pollfd> fds;
  fds.push_back({bell_.fd(), POLLIN, 0});
  for (Member& member : members_) {
    if (member.ended) continue;
    fds.push_back(member.process->Awaited());
  }
  if (::poll(fds.data(), fds.size(), static_cast<int>(timeout.count())) > 0 &&
      (fds[0].revents & POLLIN) != 0) {
    bell_.Clear();
  }
}

}  // namespace tributary
