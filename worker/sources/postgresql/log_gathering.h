// Messages of the log that have come and are not looked at yet, so that it is known which
// transactions follow each other. Small ones share one snapshot, one wait at the gate, one batch
// and one position; for a transaction of one row these are most of what it costs.
//
// Holds what one turn of the stream brings, up to a bound. Pure.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_GATHERING_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_GATHERING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "worker/sources/postgresql/replication_stream.h"

namespace tributary::postgresql {

class LogGathering {
 public:
  // Larger messages are not for it; it holds at most twice this.
  static constexpr std::size_t kMostBytes = std::size_t{256} << 10;

  // Copies a message of kLogData of at most kMostBytes. Not while it is full.
  void Add(const ReplicationMessage& data);
  bool full() const { return bytes_.size() >= kMostBytes; }

  // The first of those that are left; it is valid until the next call of Add.
  std::optional<ReplicationMessage> Take();
  // The numbers of the transactions that begin in what is left, in order, as Begin has them.
  std::span<const std::uint32_t> transactions_left() const {
    return std::span(transactions_).subspan(begun_);
  }

 private:
  struct Kept {
    Lsn start = 0;
    std::size_t from = 0;
    std::size_t size = 0;
    bool begins = false;
  };

  std::string bytes_;
  std::vector<Kept> kept_;
  std::size_t taken_ = 0;
  std::vector<std::uint32_t> transactions_;
  std::size_t begun_ = 0;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_GATHERING_H_
