// Compares a table without a key with what was sent: all its rows share one digest, which only
// shows whether anything has changed. No row is sent; if something has changed, the supervisor
// copies the table again.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_COMPARE_CONTENT_COMPARISON_H_
#define TRIBUTARY_WORKER_COMPARE_CONTENT_COMPARISON_H_

#include <cstdint>

#include "proto/worker.pb.h"
#include "worker/compare/content_sum.h"
#include "worker/compare/fresh_rows.h"
#include "worker/compare/row_digest.h"
#include "worker/encoder/row_judge.h"

namespace tributary {

class ContentComparison final : public RowJudge {
 public:
  // All arguments outlive it.
  ContentComparison(const CompareAssignment& assignment, RingProducer& ring, std::uint32_t id);

  bool Keep(const TableShape& shape, std::string_view entries) override;
  bool has_intents() const override { return false; }
  void TellIntents() override {}
  void BeforeMark(std::string_view at) override;
  bool marks() const override { return true; }
  bool MarkDue() const override { return false; }

  std::uint64_t rows_read() const { return rows_read_; }

 private:
  const CompareAssignment& assignment_;
  RowDigester digester_;
  FreshRows fresh_;
  ContentSum known_;
  ContentSum now_;
  std::uint64_t rows_read_ = 0;
  bool unusable_ = false;
  bool told_ = false;
};

// Whether the rows of these columns have no key.
bool IsKeyless(const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_CONTENT_COMPARISON_H_
