// The connection that the log comes through: what it says of the server, the slot, and the
// stream (https://www.postgresql.org/docs/current/protocol-replication.html).
//
// The main thread's.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_CONNECTION_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_CONNECTION_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/pulse.h"
#include "worker/sources/postgresql/replication_stream.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

class LogConnection {
 public:
  LogConnection(const PreparedLogin& login, Pulse& pulse, std::chrono::milliseconds patience)
      : session_(login, pulse, patience, Session::Kind::kReplication), pulse_(pulse) {}
  ~LogConnection() { FreeMessage(); }

  // Errors as Session::Open's.
  absl::Status Open();
  void Close();

  struct System {
    std::uint32_t timeline = 0;
    // How far the log is on the server's disk.
    Lsn flushed = 0;
  };
  absl::StatusOr<System> Identify();
  // Where the server left `timeline`, which is older than its `current` one; nothing: it never
  // was on it.
  absl::StatusOr<std::optional<Lsn>> EndOfTimeline(std::uint32_t current, std::uint32_t timeline);

  // Makes the slot, and gives the place from which on it has the log. That waits for all
  // transactions of the server that run now, so `looks` is called about every second with how
  // long it has taken; an error of it ends the waiting, and no slot is left behind.
  absl::StatusOr<Lsn> CreateSlot(const std::string& name,
                                 const std::function<absl::Status(std::chrono::seconds)>& looks);

  // Begins the stream after `from`. What the server's error means is the caller's to say.
  absl::Status Start(const std::string& slot, const std::string& publication, Lsn from);
  // The next message, if one has come; it is valid until the next call. The error is
  // UNAVAILABLE where the connection broke or the server stops.
  absl::StatusOr<bool> Take(ReplicationMessage& message);
  // What tributary has received; `confirmed`: what the server may release, 0 says nothing of
  // it. Never waits.
  absl::Status Report(Lsn received, Lsn confirmed);
  // Readable when messages come.
  int socket() { return PQsocket(session_.connection()); }

 private:
  absl::Status EndOfStream();
  void FreeMessage();

  Session session_;
  Pulse& pulse_;
  char* message_ = nullptr;
};

// "16/B374D848", as the server reads it.
std::string LsnText(Lsn lsn);
// 0 where it is none.
Lsn ParseLsn(std::string_view text);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_CONNECTION_H_
