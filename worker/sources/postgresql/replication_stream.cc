#include "worker/sources/postgresql/replication_stream.h"

#include <cstring>

#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {

absl::Status ParseReplicationMessage(std::string_view bytes, ReplicationMessage& message) {
  WireReader reader(bytes);
  message.type = static_cast<ReplicationMessage::Type>(reader.Take<char>());
  if (message.type == ReplicationMessage::Type::kLogData) {
    message.start = reader.Take<std::uint64_t>();
    message.end = reader.Take<std::uint64_t>();
    message.clock = reader.Take<std::int64_t>();
    message.reply_wanted = false;
    message.payload = reader.TakeBytes(reader.left());
  } else if (message.type == ReplicationMessage::Type::kKeepalive) {
    message.start = 0;
    message.end = reader.Take<std::uint64_t>();
    message.clock = reader.Take<std::int64_t>();
    message.reply_wanted = reader.Take<std::uint8_t>() != 0;
    message.payload = {};
  } else {
    reader.Fail();
  }
  if (reader.Ended()) return absl::OkStatus();
  return absl::DataLossError(
      "follow the log: the replication connection brought neither log data nor a keepalive; sync "
      "again, and look for a proxy that changes what the server sends if it stays so");
}

std::array<char, kStandbyStatusBytes> EncodeStandbyStatus(const StandbyStatus& status) {
  std::array<char, kStandbyStatusBytes> bytes;
  char* at = bytes.data();
  const auto put = [&at](std::uint64_t value) {
    value = LoadBigEndian<std::uint64_t>(reinterpret_cast<const char*>(&value));
    std::memcpy(at, &value, sizeof(value));
    at += sizeof(value);
  };
  *at++ = 'r';
  put(status.received);
  put(status.confirmed);
  put(status.confirmed);
  put(static_cast<std::uint64_t>(status.clock));
  *at = status.reply_wanted ? 1 : 0;
  return bytes;
}

}  // namespace tributary::postgresql
