// Decides about each row of a BatchWriter: worker/compare leaves out rows that the destination has,
// and makes digests of all.
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

  // Whether the row is sent. `entries`: Record.data's entries, as on the wire.
  virtual bool Keep(const TableShape& shape, std::string_view entries) = 0;

  // For an engine that knows which rows share a page of its storage. Whether the judge wants to
  // know.
  virtual bool wants_pages() const { return false; }
  // The next rows are all rows of a page with this digest, of 16 bytes; if two pages have the same,
  // their rows are the same. True: they are known, and are not read.
  virtual bool SkipPage(std::string_view /*digest*/) { return false; }
  // The rows since the last SkipPage or EndPage were all rows of a page with this digest; empty:
  // they were a part of a page, or its digest is not known.
  virtual void EndPage(std::string_view /*digest*/) {}

  // Intents must be sent before the rows that were kept since the last TellIntents.
  virtual bool has_intents() const = 0;
  // Puts the intents into the ring.
  virtual void TellIntents() = 0;

  // Called before the mark at bound `at` is written: puts into the ring everything that has to
  // precede it, and may write rows.
  virtual void BeforeMark(std::string_view at) = 0;

  // Whether MarkDue decides when a mark is due, instead of the amount written.
  virtual bool marks() const = 0;
  virtual bool MarkDue() const = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ENCODER_ROW_JUDGE_H_
