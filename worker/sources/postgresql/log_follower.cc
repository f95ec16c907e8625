#include "worker/sources/postgresql/log_follower.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

// Connections that end one after another without the log having come any further.
constexpr int kConnectionsInVain = 5;

absl::StatusOr<Following> Begin(const FollowAssignment& assignment) {
  Following following;
  const LogPlace& from = assignment.from();
  following.place = {.commit = from.commit(),
                     .final = from.final(),
                     .change = from.change(),
                     .ordinal = from.ordinal()};
  following.life = assignment.life();
  following.confirmed = assignment.confirmed().commit();
  for (const FollowedTable& told : assignment.tables()) {
    auto access = ParseAccess(told.access());
    if (!access.ok()) return access.status();
    LogTable& table = following.tables[told.table()];
    table.access = *access;
    table.Tell(told);
  }
  return following;
}

}  // namespace

absl::StatusOr<AssignmentEnd> LogFollower::Follow(const FollowAssignment& assignment,
                                                  LogWriter& writer, FollowOrders& orders) {
  auto following = Begin(assignment);
  if (!following.ok()) return following.status();
  for (int in_vain = 0;;) {
    const LogPosition before = following->place;
    const auto outcome =
        LogStream(settings_, login_, options_, pulse_, *following, writer, orders).Run();
    if (outcome.ok()) {
      AssignmentEnd end;
      end.set_outcome(*outcome);
      return end;
    }
    if (!absl::IsUnavailable(outcome.status())) {
      // Nothing that concerns one table alone ends the log.
      return absl::FailedPreconditionError(outcome.status().message());
    }
    in_vain = following->place == before ? in_vain + 1 : 1;
    options_.log.Warning("the connection to the log broke",
                         {{log_key::kError, std::string(outcome.status().message())}});
    if (writer.PauseWanted()) {
      AssignmentEnd end;
      end.set_outcome(AssignmentEnd::PAUSED);
      return end;
    }
    if (in_vain >= kConnectionsInVain) return outcome.status();
  }
}

}  // namespace tributary::postgresql
