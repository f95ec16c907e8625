// A copy that makes digests: each row is sent, and its digest goes into the ring before the mark
// that covers the row. Rows without a key have one digest for all rows between two marks. With
// tells_intents the digest goes into the ring before the row's batch as well; for rows without a
// key, an empty frame does.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_COMPARE_DIGESTING_H_
#define TRIBUTARY_WORKER_COMPARE_DIGESTING_H_

#include <optional>
#include <string>

#include "proto/worker.pb.h"
#include "worker/compare/content_sum.h"
#include "worker/compare/fresh_rows.h"
#include "worker/compare/row_digest.h"
#include "worker/encoder/row_judge.h"

namespace tributary {

class Digesting final : public RowJudge {
 public:
  // `ring` outlives it.
  Digesting(const ReadAssignment& read, RingProducer& ring, std::uint32_t assignment);

  bool Keep(const TableShape& shape, std::string_view entries) override;
  bool wants_pages() const override { return !keyless_; }
  void EndPage(std::string_view digest) override { fresh_.EndPage(digest); }
  bool has_intents() const override { return untold_; }
  void TellIntents() override;
  void BeforeMark(std::string_view at) override;
  bool marks() const override { return false; }
  bool MarkDue() const override { return false; }

 private:
  RowDigester digester_;
  FreshRows fresh_;
  const bool tells_intents_;
  // Of the rows since the last TellIntents.
  std::string intents_;
  bool untold_ = false;
  // `sum_` has the rows without a key since the last mark.
  const bool keyless_;
  ContentSum sum_;
  bool unusable_ = false;
  bool told_unusable_ = false;
  std::optional<std::string> marked_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_DIGESTING_H_
