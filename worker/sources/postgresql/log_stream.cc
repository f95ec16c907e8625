// Connecting, and the turns of the stream. How tables join is in log_joining.cc, and what messages
// mean in log_changes.cc.
#include "worker/sources/postgresql/log_stream.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/sources/postgresql/following.h"
#include "worker/sources/postgresql/log_publication.h"
#include "worker/sources/postgresql/log_slot.h"
#include "worker/sources/postgresql/server_error.h"
#include "worker/wait.h"

namespace tributary::postgresql {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kObjectInUse = "55006";
constexpr std::string_view kUndefinedObject = "42704";
// Messages between looks at orders and the clock.
constexpr int kMessagesInTurn = 1024;
constexpr std::chrono::milliseconds kIdle{200};
constexpr std::chrono::seconds kReportEvery{10};
constexpr std::chrono::seconds kServerEvery{5};
// So long at least, and some way on in the log, before a sync ends for what is held back: what
// the state before it covers is released first.
constexpr std::chrono::seconds kLeastSync{30};
constexpr std::chrono::seconds kPositionEvery{1};

}  // namespace

absl::StatusOr<AssignmentEnd::Outcome> LogStream::Run() {
  const absl::Status connected = Connect();
  if (absl::IsCancelled(connected)) return AssignmentEnd::PAUSED;
  if (!connected.ok()) return connected;
  writer_.WhileFull([this] {
    if (steady_clock::now() - reported_at_ > kReportEvery) static_cast<void>(Report());
  });
  began_at_ = steady_clock::now();
  for (;;) {
    auto outcome = Turn();
    if (!outcome.ok()) return outcome.status();
    if (!outcome->has_value()) continue;
    TellPosition();
    return **outcome;
  }
}

// --- before the stream -------------------------------------------------------

std::vector<PublishedTable> LogStream::Published() const {
  std::vector<PublishedTable> tables;
  for (const auto& [number, table] : following_.tables) {
    tables.push_back({.oid = table.access.oid,
                      .schema = table.told.schema_name(),
                      .table = table.told.table_name()});
  }
  return tables;
}

absl::Status LogStream::Connect() {
  // First, as a pooler refuses it: the other one changes settings of a session, which there is
  // one of others.
  if (const absl::Status opened = log_.Open(); !opened.ok()) return opened;
  if (const absl::Status opened = session_.Open(); !opened.ok()) return opened;
  if (const absl::Status refused = RefuseStandby(session_); !refused.ok()) return refused;
  const absl::Status published = PreparePublication(session_, settings_.publication, Published());
  if (!published.ok()) return published;
  if (const absl::Status attached = AttachToSlot(); !attached.ok()) return attached;
  received_ = following_.place.commit;
  cursor_.emplace(following_.place);
  const absl::Status reported = log_.Report(received_, std::exchange(following_.confirmed, 0));
  if (!reported.ok()) return reported;
  reported_at_ = steady_clock::now();
  return JoinAll();
}

absl::Status LogStream::AttachToSlot() {
  slot_ = SlotName(settings_);
  const Lsn from = following_.place.commit;
  const SlotUse use{.warn = [this](const std::string& text) { writer_.Remark(text); },
                    .stopped = [this] { return writer_.PauseWanted(); },
                    .log = options_.log};
  Patience patience(pulse_, options_.patience);
  for (;;) {
    const auto begins = PrepareSlot(session_, log_, slot_, from, TimelineOf(following_.life), use);
    if (!begins.ok()) return begins.status();
    if (from == 0) following_.place = {.commit = *begins};
    absl::Status started = log_.Start(slot_, settings_.publication, following_.place.commit);
    // One of ours that was killed may still be attached. Or it was still making the slot, and then
    // the slot vanishes with it.
    const bool in_use = SqlStateOf(started) == kObjectInUse;
    if (started.ok() || (!in_use && SqlStateOf(started) != kUndefinedObject)) return started;
    if (patience.Wait()) continue;
    if (!in_use) return started;
    return absl::FailedPreconditionError(
        absl::StrCat(started.message(),
                     ": another connector reads from it; give each connection a name of "
                     "its own in `replication_slot`"));
  }
}

// --- turns -------------------------------------------------------------------

absl::StatusOr<std::optional<AssignmentEnd::Outcome>> LogStream::Turn() {
  if (const absl::Status taken = TakeOrders(); !taken.ok()) return taken;
  if (following_.finishing && end_mark_.empty()) {
    auto mark = WriteMark("end");
    if (!mark.ok()) return mark.status();
    end_mark_ = *std::move(mark);
  }
  bool any = false;
  absl::Status broken;
  absl::Status taken;
  for (int i = 0; i < kMessagesInTurn && taken.ok() && !ended_; ++i) {
    ReplicationMessage message;
    const auto came = log_.Take(message);
    if (!came.ok()) broken = came.status();
    if (!came.ok() || !*came) break;
    any = true;
    taken = Take(message);
  }
  // What came before the connection broke counts. After a message that could not be taken
  // nothing does: its place would be passed.
  if (taken.ok() && !ended_) taken = TakeGathered();
  if (taken.ok() && join_seen_ && !cursor_->in_transaction()) taken = JoinLater();
  if (absl::IsCancelled(taken)) {
    writer_.Remark(early_);
    return AssignmentEnd::EARLY;
  }
  if (!taken.ok()) return taken;
  if (ended_) return AssignmentEnd::DONE;
  if (!broken.ok()) return broken;
  pulse_.Beat();
  if (writer_.PauseWanted()) return AssignmentEnd::PAUSED;
  const auto now = steady_clock::now();
  if (now - told_at_ > kPositionEvery) TellPosition();
  if (now - reported_at_ > kReportEvery) {
    if (const absl::Status reported = Report(); !reported.ok()) return reported;
  }
  if (now - looked_at_ > kServerEvery) {
    looked_at_ = now;
    if (const absl::Status looked = LookAtServer(); !looked.ok()) return looked;
    if (const absl::Status looked = LookForOlder(); !looked.ok()) return looked;
    if (!early_.empty()) {
      writer_.Remark(early_);
      return AssignmentEnd::EARLY;
    }
  }
  if (!any) Wait(kIdle);
  return std::nullopt;
}

void LogStream::Wait(std::chrono::milliseconds most) {
  std::array<pollfd, 2> waited = {pollfd{log_.socket(), POLLIN, 0},
                                  pollfd{orders_.descriptor(), POLLIN, 0}};
  ::poll(waited.data(), waited.size(), static_cast<int>(most.count()));
  pulse_.Beat();
}

absl::Status LogStream::TakeOrders() {
  for (;;) {
    auto order = orders_.Next();
    if (!order.ok()) return order.status();
    if (!order->has_value()) return absl::OkStatus();
    switch ((*order)->order_case()) {
      case FollowOrder::kRestart: {
        const auto table = following_.tables.find((*order)->restart().table());
        if (table == following_.tables.end()) break;
        // What was written of it so far is of its earlier revision.
        changes_.TellRemarks();
        table->second.Tell(std::move(*(*order)->mutable_restart()));
        ForgetRelations(table->second);
        const absl::Status joined = Join({&table->second});
        if (!joined.ok()) return joined;
        break;
      }
      case FollowOrder::kLive: {
        const auto table = following_.tables.find((*order)->live());
        if (table != following_.tables.end()) table->second.told.set_live(true);
        break;
      }
      case FollowOrder::kFinish:
        following_.finishing = true;
        break;
      case FollowOrder::ORDER_NOT_SET:
        break;
    }
  }
}

absl::StatusOr<std::string> LogStream::WriteMark(absl::string_view word) {
  std::random_device random;
  const std::string mark = absl::StrCat(word, " ", absl::Hex(random(), absl::kZeroPad8),
                                        absl::Hex(random(), absl::kZeroPad8));
  if (const absl::Status written = WriteMessage(session_, mark); !written.ok()) return written;
  return mark;
}

absl::Status LogStream::Report() {
  reported_at_ = steady_clock::now();
  return log_.Report(received_, 0);
}

void LogStream::TellPosition() {
  told_at_ = steady_clock::now();
  changes_.TellRemarks();
  rows_told_ = writer_.rows().rows();
  if (following_.place == told_) return;
  told_ = following_.place;
  writer_.Position(told_);
}

absl::Status LogStream::LookAtServer() {
  const auto rows = session_.Query(
      absl::StrCat("SELECT pg_current_wal_lsn() - restart_lsn, safe_wal_size, "
                   "pg_current_wal_lsn() - '0/0', "
                   "(extract(epoch FROM clock_timestamp() - timestamptz '2000-01-01 UTC') * "
                   "1000000)::int8 FROM pg_replication_slots WHERE slot_name = ",
                   Literal(slot_)),
      "look at what the server holds back of its log");
  if (!rows.ok()) return rows.status();
  if (rows->size() == 0) return absl::OkStatus();
  const auto size = [&rows](int column) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(rows->number(0, column), 0));
  };
  const std::uint64_t retained = size(0);
  const std::uint64_t safe = size(1);
  const bool server_bounds = !rows->null(0, 1);
  // Nine tenths of what the server allows in all.
  const std::uint64_t servers = (safe + retained) - (safe + retained) / 10;
  const std::uint64_t bound =
      server_bounds ? std::min(options_.max_retained_bytes, servers) : options_.max_retained_bytes;
  TellStanding(size(2), rows->number(0, 3), retained, bound);
  if (steady_clock::now() - began_at_ < kLeastSync) return absl::OkStatus();
  const bool past_own = retained > options_.max_retained_bytes;
  const bool past_servers = server_bounds && retained > servers;
  if (!past_own && !past_servers) return absl::OkStatus();
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  early_ = absl::StrCat(
      "The server holds back ", (retained + kGiB - 1) / kGiB, " GiB of its log for slot ",
      Quoted(slot_),
      past_own ? ", more than --max-retained-wal allows"
               : ", nearly all that max_slot_wal_keep_size allows",
      ". The sync ends here, in order; the next one lets the server release what has arrived, and "
      "goes on.");
  return absl::OkStatus();
}

void LogStream::TellStanding(Lsn end, std::int64_t now, std::uint64_t retained,
                             std::uint64_t bound) {
  const Lsn read = std::max(received_, following_.place.commit);
  lag_.Note(end, now);
  LogStanding standing;
  standing.set_lag_bytes(end > read ? end - read : 0);
  standing.set_lag_milliseconds(static_cast<std::uint64_t>(lag_.Microseconds(read, now) / 1000));
  standing.set_retained_bytes(retained);
  standing.set_retained_limit_bytes(bound);
  writer_.Standing(standing);
}

}  // namespace tributary::postgresql
