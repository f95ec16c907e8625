#include "worker/sources/postgresql/log_connection.h"

#include <poll.h>

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "worker/sources/postgresql/server_error.h"
#include "worker/wait.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "follow the log";
constexpr std::chrono::seconds kLook{1};

// Microseconds since 2000-01-01 UTC.
std::int64_t Clock() {
  constexpr std::int64_t kSecondsTo2000 = 946'684'800;
  return absl::GetCurrentTimeNanos() / 1000 - kSecondsTo2000 * 1'000'000;
}

}  // namespace

std::string LsnText(Lsn lsn) {
  return absl::StrCat(absl::Hex(lsn >> 32), "/", absl::Hex(lsn & 0xFFFFFFFF));
}

Lsn ParseLsn(std::string_view text) {
  const std::size_t slash = text.find('/');
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  if (slash == std::string_view::npos ||
      !absl::SimpleHexAtoi(absl::string_view(text.data(), slash), &high) ||
      !absl::SimpleHexAtoi(absl::string_view(text.data() + slash + 1, text.size() - slash - 1),
                           &low)) {
    return 0;
  }
  return high << 32 | low;
}

absl::Status LogConnection::Open() {
  const absl::Status opened = session_.Open();
  if (!opened.ok()) return opened;
  // While a slice holds a transaction up nothing is read; statuses go out all the same. And a slot
  // that is made waits for transactions as for locks.
  return session_.Query("SET wal_sender_timeout = '5min'; SET lock_timeout = 0", kDoing).status();
}

void LogConnection::Close() {
  FreeMessage();
  session_.Close();
}

absl::StatusOr<LogConnection::System> LogConnection::Identify() {
  const auto rows = session_.Query("IDENTIFY_SYSTEM", kDoing);
  if (!rows.ok()) return rows.status();
  return System{.timeline = static_cast<std::uint32_t>(rows->number(0, 1)),
                .flushed = ParseLsn(rows->at(0, 2))};
}

absl::StatusOr<std::optional<Lsn>> LogConnection::EndOfTimeline(std::uint32_t current,
                                                                std::uint32_t timeline) {
  const auto rows = session_.Query(absl::StrCat("TIMELINE_HISTORY ", current), kDoing);
  if (!rows.ok()) return rows.status();
  // A line for each timeline that the server has left: its number, where, and why.
  const std::string history = rows->text(0, 1);
  for (const absl::string_view line : absl::StrSplit(history, '\n')) {
    const std::vector<absl::string_view> parts =
        absl::StrSplit(line, absl::ByAnyChar("\t "), absl::SkipEmpty());
    std::uint32_t left = 0;
    if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &left) || left != timeline) continue;
    return ParseLsn({parts[1].data(), parts[1].size()});
  }
  return std::nullopt;
}

absl::StatusOr<Lsn> LogConnection::CreateSlot(
    const std::string& name, const std::function<absl::Status(std::chrono::seconds)>& looks) {
  // A server that waits here sees that its client is gone only where it is told to look; else the
  // slot comes about when the transactions have ended, and nobody knows of it. The setting counts
  // from the next statement on. Servers on some systems cannot look, and refuse it.
  static_cast<void>(session_.Query("SET client_connection_check_interval = '2s'; SELECT", kDoing));
  PGconn* const connection = session_.connection();
  const std::string sql =
      absl::StrCat("CREATE_REPLICATION_SLOT ", Quoted(name), " LOGICAL pgoutput NOEXPORT_SNAPSHOT");
  if (PQsendQuery(connection, sql.c_str()) == 0) return EndOfStream();
  if (const absl::Status flushed = session_.Flush(kDoing); !flushed.ok()) return flushed;
  const auto since = std::chrono::steady_clock::now();
  while (PQisBusy(connection) != 0) {
    const auto until = std::chrono::steady_clock::now() + kLook;
    if (WaitFor(PQsocket(connection), POLLIN, until, pulse_) != 0) {
      if (PQconsumeInput(connection) == 0) return EndOfStream();
      continue;
    }
    const absl::Status goes_on = looks(
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - since));
    if (!goes_on.ok()) {
      // The server drops what it has begun with the connection.
      Close();
      return goes_on;
    }
  }
  PGresult* const result = PQgetResult(connection);
  const Rows rows(result);
  absl::Status failure;
  if (PQresultStatus(result) != PGRES_TUPLES_OK) failure = ErrorOf(result, kDoing);
  while (PGresult* const rest = PQgetResult(connection)) PQclear(rest);
  if (!failure.ok()) return failure;
  return ParseLsn(rows.at(0, 1));
}

absl::Status LogConnection::Start(const std::string& slot, const std::string& publication,
                                  Lsn from) {
  PGconn* const connection = session_.connection();
  // In publication_names, names are quoted as in SQL, within a literal.
  const std::string sql =
      absl::StrCat("START_REPLICATION SLOT ", Quoted(slot), " LOGICAL ", LsnText(from),
                   " (proto_version '1', binary 'true', messages 'true', publication_names ",
                   Literal(Quoted(publication)), ")");
  if (PQsendQuery(connection, sql.c_str()) == 0) return EndOfStream();
  if (const absl::Status flushed = session_.Flush(kDoing); !flushed.ok()) return flushed;
  while (PQisBusy(connection) != 0) {
    if (const absl::Status came = session_.AwaitInput(kDoing); !came.ok()) return came;
  }
  PGresult* const result = PQgetResult(connection);
  const Rows owned(result);
  if (PQresultStatus(result) == PGRES_COPY_BOTH) return absl::OkStatus();
  const absl::Status failure = ErrorOf(result, kDoing);
  while (PGresult* const rest = PQgetResult(connection)) PQclear(rest);
  return failure;
}

void LogConnection::FreeMessage() {
  if (message_ != nullptr) PQfreemem(std::exchange(message_, nullptr));
}

absl::StatusOr<bool> LogConnection::Take(ReplicationMessage& message) {
  FreeMessage();
  PGconn* const connection = session_.connection();
  for (const bool again : {true, false}) {
    const int size = PQgetCopyData(connection, &message_, /*async=*/1);
    if (size > 0) {
      const absl::Status parsed =
          ParseReplicationMessage({message_, static_cast<std::size_t>(size)}, message);
      if (!parsed.ok()) return parsed;
      return true;
    }
    if (size < 0) return EndOfStream();
    if (again && PQconsumeInput(connection) == 0) return EndOfStream();
  }
  return false;
}

absl::Status LogConnection::Report(Lsn received, Lsn confirmed) {
  const auto status =
      EncodeStandbyStatus({.received = received, .confirmed = confirmed, .clock = Clock()});
  PGconn* const connection = session_.connection();
  // 0: the server takes nothing now, and will hear of it later.
  if (PQputCopyData(connection, status.data(), static_cast<int>(status.size())) < 0 ||
      PQflush(connection) < 0) {
    return EndOfStream();
  }
  return absl::OkStatus();
}

// The server's own words, where it has said any.
absl::Status LogConnection::EndOfStream() {
  PGconn* const connection = session_.connection();
  absl::Status why;
  while (PGresult* const result = PQgetResult(connection)) {
    const Rows taken(result);
    if (PQresultStatus(result) == PGRES_FATAL_ERROR && why.ok()) why = ErrorOf(result, kDoing);
    // The stream's other direction; nothing more of it is wanted.
    if (PQresultStatus(result) == PGRES_COPY_IN || PQresultStatus(result) == PGRES_COPY_BOTH) break;
  }
  if (SqlStateOf(why) == kTooLargeForServer) {
    why = absl::FailedPreconditionError(
        absl::StrCat(why.message(),
                     ". The log cannot be read past this change: re-sync the "
                     "connection, which copies the tables again"));
  }
  if (why.ok()) {
    const std::string said = PQerrorMessage(connection);
    why = StatementError(kDoing, "", said.empty() ? "the server has ended the stream" : said);
  }
  Close();
  return why;
}

}  // namespace tributary::postgresql
