#include "supervisor/pool/pool.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary {

bool Order::MayBring(FrameType type) const {
  switch (type) {
    case FrameType::kEnd:
      return true;
    case FrameType::kAnswer:
      return kind == Kind::kQuestion;
    case FrameType::kOpened:
    case FrameType::kMark:
      return is_read();
    case FrameType::kDigests:
      return kind == Kind::kDigest;
    case FrameType::kLog:
      return kind == Kind::kFollow;
    case FrameType::kBatch:
    case FrameType::kPart:
      return kind != Kind::kQuestion;
  }
  return false;
}

std::uint64_t Member::queued_bytes() const {
  std::uint64_t bytes = 0;
  for (const Given& one : given) bytes += one.order.estimated_bytes;
  return bytes;
}

std::size_t Member::queued_questions() const {
  return static_cast<std::size_t>(std::count_if(given.begin(), given.end(), [](const Given& one) {
    return one.order.kind == Order::Kind::kQuestion;
  }));
}

Pool::Pool(StartWorker start, Opening opening, std::size_t size, const Doorbell& bell,
           Metrics& metrics, const Clock& clock)
    : start_(std::move(start)),
      opening_(std::move(opening)),
      size_(size),
      bell_(bell),
      metrics_(metrics),
      clock_(clock) {}

absl::Status Pool::Start(std::size_t count) {
  while (slice_workers_ < std::min(count, size_)) {
    const absl::Status added = Add(WorkerRole::kSlices);
    if (!added.ok()) return added;
    ++slice_workers_;
  }
  return absl::OkStatus();
}

absl::Status Pool::StartLogWorker() { return Add(WorkerRole::kLog); }

absl::Status Pool::Add(WorkerRole role) {
  Member& member = members_.emplace_back();
  member.number = static_cast<std::uint32_t>(members_.size());
  member.role = role;
  const absl::Status started = Replace(member);
  if (!started.ok()) members_.pop_back();
  return started;
}

absl::Status Pool::Replace(Member& member) {
  const std::uint32_t number = member.number;
  const WorkerRole role = member.role;
  member = Member{};
  member.number = number;
  member.role = role;
  opening_.set_worker(number);
  auto process = start_(bell_.fd(), opening_, metrics_);
  if (!process.ok()) {
    member.ended = true;
    return process.status();
  }
  member.process = *std::move(process);
  return absl::OkStatus();
}

void Pool::Give(Member& member, Order order) {
  order.assignment.set_id(member.next_id++);
  const absl::Status sent = member.process->Send(order.assignment);
  const std::uint32_t id = order.assignment.id();
  if (member.idle()) member.since = clock_.Now();
  // An assignment that lasts the whole sync would keep it for as long.
  order.assignment.Clear();
  member.given.push_back({.id = id, .order = std::move(order)});
  // Otherwise the worker is gone, which Look will notice.
  if (absl::IsResourceExhausted(sent)) End(member, std::string(sent.message()));
}

void Pool::Steer(const FollowOrder& order) {
  for (Member& member : members_) {
    if (member.role != WorkerRole::kLog || member.ended || member.idle()) continue;
    const absl::Status sent = member.process->Steer(order);
    if (absl::IsResourceExhausted(sent)) End(member, std::string(sent.message()));
  }
}

void Pool::Look(Member& member) {
  if (member.ended) return;
  const absl::Status look = member.process->Look();
  if (absl::IsInvalidArgument(look)) {
    End(member, std::string(look.message()));
  } else if (!look.ok()) {
    member.ending = member.process->End();
    member.ended = true;
  } else if (!member.idle() && member.watch.Silent(member.process->ring().pulse(), clock_.Now())) {
    End(member, "it showed no sign of life", WorkerEnd::kSilent);
  }
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
