// Decides about each row that a BatchWriter has been given: worker/compare leaves out those
// that the destination has, and makes digests of all.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_ENCODER_ROW_JUDGE_H_
#define TRIBUTARY_WORKER_ENCODER_ROW_JUDGE_H_

#include <string_view>

#include "worker/encoder/table_shape.h"

namespace tributary {

class RowJudge {
 public:
  virtual ~RowJudge() = default;

  // Whether the row is sent. `entries`: those of Record.data, as they are on the wire.
  virtual bool Keep(const TableShape& shape, std::string_view entries) = 0;

  // There is something to say before the rows that were kept since TellIntents leave.
  virtual bool has_intents() const = 0;
  // Puts it into the ring.
  virtual void TellIntents() = 0;

  // The mark at bound `at` is about to be written: puts into the ring what has to precede
  // it, and may write rows.
  virtual void BeforeMark(std::string_view at) = 0;

  // Whether MarkDue says when a mark is due, in place of what has been written.
  virtual bool marks() const = 0;
  virtual bool MarkDue() const = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ENCODER_ROW_JUDGE_H_
