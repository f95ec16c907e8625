// A server's errors as statuses with the codes of source.h. A text names operation, subject and
// cure; the server's text is repeated only if it cannot hold a value of a row.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SERVER_ERROR_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SERVER_ERROR_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace tributary::postgresql {

// SQLSTATEs that the engine acts on
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
inline constexpr std::string_view kLockNotAvailable = "55P03";
inline constexpr std::string_view kInsufficientPrivilege = "42501";
// program_limit_exceeded: a message would have more than 1 GB.
inline constexpr std::string_view kTooLargeForServer = "54000";

// A statement failed. `doing` is operation and subject, "read table public.orders";
// `sqlstate` has five characters, or none where the connection broke.
//
//   UNAVAILABLE  broken, restarting, overloaded, cancelled, in conflict: try again
//   NOT_FOUND    the table, a column or its schema is gone
//   DATA_LOSS    anything else: this table cannot be read; the text says why
absl::Status StatementError(std::string_view doing, std::string_view sqlstate,
                            std::string_view message);

// The server refused the connection, or none could be made. `message`: libpq's error text, made
// with PQERRORS_VERBOSE, so that it includes the SQLSTATE.
//
//   FAILED_PRECONDITION  login, database, privilege, TLS: the user must act
//   UNAVAILABLE          all else
absl::Status LoginError(std::string_view server, std::string_view message);

// The SQLSTATE that a status of these came from; empty where there is none.
std::string SqlStateOf(const absl::Status& status);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SERVER_ERROR_H_
