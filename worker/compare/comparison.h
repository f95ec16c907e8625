// Compares a slice with what may be in the destination (known_rows.h): the rows that must be sent
// stay in the batch, and at the slice's end the keys that are gone are deleted. Intents go into the
// ring before the batch with their rows.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_COMPARE_COMPARISON_H_
#define TRIBUTARY_WORKER_COMPARE_COMPARISON_H_

#include <cstdint>
#include <string>
#include <unordered_set>

#include "proto/worker.pb.h"
#include "worker/compare/fresh_rows.h"
#include "worker/compare/known_rows.h"
#include "worker/compare/row_digest.h"
#include "worker/encoder/batch_writer.h"
#include "worker/encoder/row_judge.h"

namespace tributary {

class Comparison final : public RowJudge {
 public:
  // All arguments outlive it; `writer` is the writer whose rows it judges.
  Comparison(const CompareAssignment& assignment, RingProducer& ring, std::uint32_t id,
             BatchWriter& writer);

  bool Keep(const TableShape& shape, std::string_view entries) override;
  bool wants_pages() const override { return !unusable_; }
  bool SkipPage(std::string_view digest) override;
  void EndPage(std::string_view digest) override;
  bool has_intents() const override { return !intents_.empty(); }
  void TellIntents() override;
  void BeforeMark(std::string_view at) override;
  bool marks() const override { return true; }
  bool MarkDue() const override;

  std::uint64_t rows_read() const { return rows_read_; }

 private:
  void DeleteGone();
  void WriteDelete(std::string_view key);

  const CompareAssignment& assignment_;
  BatchWriter& writer_;
  const TableShape shape_;
  RowDigester digester_;
  KnownRows known_;
  FreshRows fresh_;
  std::string intents_;
  // SpelledValue of the keys that were sent, and of all keys if the destination may have others.
  std::unordered_set<std::uint64_t> values_;
  std::uint64_t rows_read_ = 0;
  // Pages that were skipped, and those that were read although none of their rows is sent.
  std::uint64_t pages_skipped_ = 0;
  std::uint64_t pages_read_in_vain_ = 0;
  bool page_changed_ = false;
  // A row was sent, the slice was divided, or its pages have other digests.
  bool changed_ = false;
  bool finished_ = false;
  bool unusable_ = false;
  bool told_unusable_ = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_COMPARISON_H_
