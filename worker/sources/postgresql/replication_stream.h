// What travels inside of a replication connection's CopyData once it streams, in both
// directions (https://www.postgresql.org/docs/current/protocol-replication.html). Integers
// in network order; clocks are microseconds since 2000-01-01 UTC.
//
//   'w' XLogData   64 bits start, 64 end of the log, 64 clock; the rest is the plugin's
//   'k' keepalive  64 bits end of the log, 64 clock, 8 whether a status is wanted at once
//   'r' status     64 bits written, 64 flushed, 64 applied, 64 clock, 8 whether a
//                  keepalive is wanted at once
//
// XLogData's start is where the change is in the log that the message is about; 0 where it
// is about no change.
//
// The server no longer keeps log that is flushed, and when it shuts down it waits until a slot that
// lags has flushed. So "flushed" is reported once, up to the position of the state that came back,
// and as 0 from then on, which the server ignores; "written" is always all that was received.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_REPLICATION_STREAM_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_REPLICATION_STREAM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "worker/sources/postgresql/pgoutput.h"

namespace tributary::postgresql {

struct ReplicationMessage {
  enum class Type : char { kLogData = 'w', kKeepalive = 'k' };
  Type type = Type::kKeepalive;
  // Of kLogData.
  Lsn start = 0;
  std::string_view payload;
  // Where the server's log ends: of a keepalive how far it has decoded, with nothing left
  // to send before it.
  Lsn end = 0;
  std::int64_t clock = 0;
  // Of kKeepalive: the server ends the connection unless it hears a status soon.
  bool reply_wanted = false;
};

// DATA_LOSS where the bytes are neither of the two.
absl::Status ParseReplicationMessage(std::string_view bytes, ReplicationMessage& message);

struct StandbyStatus {
  // All that was received.
  Lsn received = 0;
  // What the server may release; 0: nothing is said.
  Lsn confirmed = 0;
  std::int64_t clock = 0;
  bool reply_wanted = false;
};
inline constexpr std::size_t kStandbyStatusBytes = 34;
std::array<char, kStandbyStatusBytes> EncodeStandbyStatus(const StandbyStatus& status);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_REPLICATION_STREAM_H_
