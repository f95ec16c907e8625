// Writes the output of a worker that follows a log: batches of any tables, and reports between them
// (worker.proto, LogReport), in one order.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_ENCODER_LOG_WRITER_H_
#define TRIBUTARY_WORKER_ENCODER_LOG_WRITER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "common/snapshot.h"
#include "proto/worker.pb.h"
#include "worker/encoder/batch_writer.h"
#include "worker/encoder/ring_producer.h"

namespace tributary {

class LogWriter {
 public:
  // `ring` outlives the writer.
  LogWriter(RingProducer& ring, std::uint32_t assignment)
      : ring_(ring), assignment_(assignment), rows_(ring, assignment) {}

  // Rows of any tables. Closed by the next report.
  BatchWriter& rows() { return rows_; }

  // See LogReport.
  void Snapshot(const tributary::Snapshot& snapshot, std::string_view life);
  void Transaction(std::uint64_t transaction);
  void Position(const LogPosition& position);
  void Joined(const tributary::Joined& joined);
  void Changed(const TableChanged& changed);
  void Lost(std::uint32_t table);
  // Remarks about rows of a table since the last position; called before the position that covers
  // them.
  void Remarks(const TableRemarks& remarks);
  void Remark(std::string_view text);
  void Standing(const LogStanding& standing);

  // As BatchWriter's; holds for reports too.
  void WhileFull(std::function<void()> act) { rows_.WhileFull(std::move(act)); }
  // The sync ends here: the rest is left to the next sync.
  bool PauseWanted() const { return rows_.PauseWanted(); }

 private:
  void Send(const LogReport& report);

  RingProducer& ring_;
  const std::uint32_t assignment_;
  BatchWriter rows_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ENCODER_LOG_WRITER_H_
