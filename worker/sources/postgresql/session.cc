#include "worker/sources/postgresql/session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "worker/sources/postgresql/server_error.h"
#include "worker/wait.h"

namespace tributary::postgresql {
namespace {

constexpr int kTransactionTimeoutVersion = 170000;
// In the form of "name = value": what databases and roles may have set otherwise. Slices
// need their rows in the order of their blocks, so nothing scans in parallel or begins in the
// middle.
constexpr std::array kSettings = {
    "statement_timeout = 0",
    "lock_timeout = '2s'",
    "idle_in_transaction_session_timeout = 0",
    "row_security = off",
    "search_path = ''",
    "DateStyle = 'ISO, MDY'",
    "IntervalStyle = 'postgres'",
    "TimeZone = 'UTC'",
    "extra_float_digits = 1",
    "bytea_output = 'hex'",
    "synchronize_seqscans = off",
    "max_parallel_workers_per_gather = 0",
    "jit = off",
};

std::string Delimited(std::string_view text, char mark) {
  std::string quoted(1, mark);
  for (const char c : text) {
    if (c == mark) quoted += mark;
    quoted += c;
  }
  return quoted += mark;
}

// A database in SQL_ASCII may hold any bytes. Asked for UTF-8, the server refuses a whole
// table for one text that is not UTF-8. Read without conversion, each value is judged alone.
std::string EncodingOf(const PGconn* connection) {
  const char* const server = PQparameterStatus(connection, "server_encoding");
  return server != nullptr && std::string_view(server) == "SQL_ASCII" ? "SQL_ASCII" : "UTF8";
}

}  // namespace

// --- SQL ---------------------------------------------------------------------

std::string Literal(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return Delimited(text, '\'');
  // With standard_conforming_strings on or off.
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') escaped += c;
    escaped += c;
  }
  return absl::StrCat(" E", Delimited(escaped, '\''));
}

std::string Quoted(std::string_view name) { return Delimited(name, '"'); }

std::string Quoted(std::string_view schema, std::string_view table) {
  return absl::StrCat(Quoted(schema), ".", Quoted(table));
}

std::int64_t Rows::number(int row, int column) const {
  std::int64_t number = 0;
  const std::string_view text = at(row, column);
  return absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number) ? number : 0;
}

// --- connecting --------------------------------------------------------------

std::string Session::server() const {
  return absl::StrCat(login_.login().host, ":", login_.login().port);
}

// --- transactions ------------------------------------------------------------

std::string Session::SettingsSql(std::string_view how) const {
  std::string sql =
      absl::StrCat(how.data(), "client_encoding = '", EncodingOf(connection_.get()), "';");
  for (const char* const setting : kSettings) absl::StrAppend(&sql, how.data(), setting, ";");
  if (server_version() >= kTransactionTimeoutVersion) {
    absl::StrAppend(&sql, how.data(), "transaction_timeout = 0;");
  }
  return sql;
}

absl::Status Session::Begin(Isolation isolation) {
  const absl::Status begun = BeginWith(isolation, "", "begin a transaction").status();
  if (!begun.ok()) Close();
  return begun;
}

absl::StatusOr<Rows> Session::BeginWith(Isolation isolation, const std::string& sql,
                                        std::string_view doing) {
  const char* const level =
      isolation == Isolation::kRepeatableRead ? "REPEATABLE READ" : "READ COMMITTED";
  Patience patience(pulse_, patience_);
  for (;;) {
    absl::Status status = open() ? absl::OkStatus() : ConnectOnce();
    if (status.ok()) {
      auto rows = Query(absl::StrCat("BEGIN ISOLATION LEVEL ", level, " READ ONLY;",
                                     SettingsSql("SET LOCAL "), sql),
                        doing);
      // Where the connection is there still, the statements have failed.
      if (rows.ok() || open()) return rows;
      status = rows.status();
    }
    if (!absl::IsUnavailable(status) || !patience.Wait()) return status;
  }
}

void Session::End() {
  if (open() && !Query("ROLLBACK", "end a transaction").ok()) Close();
}

// --- statements --------------------------------------------------------------

absl::Status Session::Broken(std::string_view doing) {
  absl::Status status = StatementError(
      doing, "", connection_ == nullptr ? "it is closed" : PQerrorMessage(connection_.get()));
  Close();
  return status;
}

absl::Status ErrorOf(const PGresult* result, std::string_view doing) {
  const char* const sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* const message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return StatementError(doing, sqlstate == nullptr ? "" : sqlstate,
                        message == nullptr ? PQresultErrorMessage(result) : message);
}

absl::Status Session::Flush(std::string_view doing) {
  const auto until = std::chrono::steady_clock::now() + kSilence;
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) return absl::OkStatus();
    // A server that is itself stuck in sending is read from.
    if (left < 0 || WaitFor(PQsocket(connection_.get()), POLLIN | POLLOUT, until, pulse_) == 0 ||
        PQconsumeInput(connection_.get()) == 0) {
      return Broken(doing);
    }
  }
}

absl::Status Session::AwaitInput(std::string_view doing) {
  const auto until = std::chrono::steady_clock::now() + kSilence;
  if (WaitFor(PQsocket(connection_.get()), POLLIN, until, pulse_) == 0) {
    Close();
    return absl::UnavailableError(absl::StrCat(
        absl::string_view(doing.data(), doing.size()), ": the server said nothing for ",
        std::chrono::seconds(kSilence).count(), " s; see what it is doing"));
  }
  return PQconsumeInput(connection_.get()) == 0 ? Broken(doing) : absl::OkStatus();
}

absl::Status Session::Send(const std::string& sql, std::string_view doing) {
  if (!open() || PQsendQuery(connection_.get(), sql.c_str()) == 0) return Broken(doing);
  return Flush(doing);
}

absl::StatusOr<PGresult*> Session::AwaitResult(std::string_view doing) {
  while (PQisBusy(connection_.get()) != 0) {
    const absl::Status status = AwaitInput(doing);
    if (!status.ok()) return status;
  }
  return PQgetResult(connection_.get());
}

absl::StatusOr<Rows> Session::Query(const std::string& sql, std::string_view doing) {
  absl::Status status = Send(sql, doing);
  Rows rows;
  while (status.ok()) {
    const auto result = AwaitResult(doing);
    if (!result.ok()) return result.status();
    if (*result == nullptr) return rows;
    Rows taken(*result);
    const ExecStatusType kind = PQresultStatus(*result);
    if (kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK) {
      rows = std::move(taken);
      continue;
    }
    status = ErrorOf(*result, doing);
  }
  Drain(doing);
  return status;
}

absl::StatusOr<PGresult*> Session::QueryRow(const std::string& sql, const std::vector<Oid>& types,
                                            const std::vector<const char*>& values,
                                            const std::vector<int>& lengths,
                                            const std::vector<int>& formats,
                                            std::string_view doing) {
  if (!open() || PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                   types.data(), values.data(), lengths.data(), formats.data(),
                                   /*resultFormat=*/1) == 0) {
    return Broken(doing);
  }
  const absl::Status flushed = Flush(doing);
  if (!flushed.ok()) return flushed;
  const auto result = AwaitResult(doing);
  if (!result.ok()) return result.status();
  if (PQresultStatus(*result) == PGRES_TUPLES_OK) {
    Drain(doing);
    return *result;
  }
  const absl::Status failure = ErrorOf(*result, doing);
  PQclear(*result);
  Drain(doing);
  return failure;
}

void Session::Drain(std::string_view doing) {
  while (open()) {
    const auto result = AwaitResult(doing);
    if (!result.ok() || *result == nullptr) return;
    PQclear(*result);
  }
}

// --- COPY --------------------------------------------------------------------

absl::Status Session::StartCopy(const std::string& sql, std::string_view doing) {
  doing_ = doing;
  failure_ = absl::OkStatus();
  absl::Status status = Send(sql, doing_);
  while (status.ok()) {
    const auto result = AwaitResult(doing_);
    if (!result.ok()) return result.status();
    const Rows taken(*result);
    const ExecStatusType kind = PQresultStatus(*result);
    if (kind == PGRES_COPY_OUT) return absl::OkStatus();
    if (kind != PGRES_TUPLES_OK && kind != PGRES_COMMAND_OK) status = ErrorOf(*result, doing_);
  }
  Drain(doing_);
  return status;
}

void Session::FreeChunk() {
  if (chunk_ != nullptr) PQfreemem(std::exchange(chunk_, nullptr));
}

Session::Next Session::NextChunk(std::string_view& chunk) {
  FreeChunk();
  for (;;) {
    const int size = PQgetCopyData(connection_.get(), &chunk_, /*async=*/1);
    if (size > 0) {
      chunk = {chunk_, static_cast<std::size_t>(size)};
      return Next::kChunk;
    }
    if (size < 0) return EndCopy();
    failure_ = AwaitInput(doing_);
    if (!failure_.ok()) return Next::kFailed;
  }
}

Session::Next Session::EndCopy() {
  for (;;) {
    const auto result = AwaitResult(doing_);
    if (!result.ok()) {
      failure_ = result.status();
      return Next::kFailed;
    }
    if (*result == nullptr) return failure_.ok() ? Next::kEnd : Next::kFailed;
    const Rows taken(*result);
    const ExecStatusType kind = PQresultStatus(*result);
    if (kind != PGRES_COMMAND_OK && kind != PGRES_TUPLES_OK && failure_.ok()) {
      failure_ = ErrorOf(*result, doing_);
    }
  }
}

}  // namespace tributary::postgresql
