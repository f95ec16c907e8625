#include "worker/sources/postgresql/log_gathering.h"

#include "worker/sources/postgresql/pgoutput.h"
#include "worker/sources/postgresql/wire.h"

namespace tributary::postgresql {
namespace {

// In Begin: its type, final LSN and time come before the transaction's number.
constexpr std::size_t kTransactionAt = 17;

bool IsBegin(std::string_view payload) {
  // One that is cut off says so when it is parsed.
  return payload.size() >= kTransactionAt + sizeof(std::uint32_t) &&
         payload.front() == static_cast<char>(PgoutputMessage::Type::kBegin);
}

}  // namespace

void LogGathering::Add(const ReplicationMessage& data) {
  if (taken_ == kept_.size()) {
    bytes_.clear();
    kept_.clear();
    transactions_.clear();
    taken_ = begun_ = 0;
  }
  const bool begins = IsBegin(data.payload);
  kept_.push_back(
      {.start = data.start, .from = bytes_.size(), .size = data.payload.size(), .begins = begins});
  bytes_.append(data.payload);
  if (begins) {
    transactions_.push_back(LoadBigEndian<std::uint32_t>(data.payload.data() + kTransactionAt));
  }
}

std::optional<ReplicationMessage> LogGathering::Take() {
  if (taken_ == kept_.size()) return std::nullopt;
  const Kept& next = kept_[taken_++];
  if (next.begins) ++begun_;
  return ReplicationMessage{.type = ReplicationMessage::Type::kLogData,
                            .start = next.start,
                            .payload = std::string_view(bytes_).substr(next.from, next.size)};
}

}  // namespace tributary::postgresql
