// A slice that is held against what may be in the destination (known_rows.h): of its rows
// those are kept that have to be sent, and at its end the keys that are gone are deleted.
// Intents are told before the batch that carries them.
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
  // All of them outlive it; `writer` is the one that it judges for.
  Comparison(const CompareAssignment& assignment, RingProducer& ring, std::uint32_t id,
             BatchWriter& writer);

  bool Keep(const TableShape& shape, std::string_view entries) override;
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
  // SpelledValue of the keys that were sent.
  std::unordered_set<std::uint64_t> sent_values_;
  std::uint64_t rows_read_ = 0;
  // Something was given out, or the slice was divided.
  bool changed_ = false;
  bool finished_ = false;
  bool unusable_ = false;
  bool told_unusable_ = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_COMPARISON_H_
