// The digests of rows that have been read, until they are put into the ring.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_COMPARE_FRESH_ROWS_H_
#define TRIBUTARY_WORKER_COMPARE_FRESH_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/worker.pb.h"
#include "worker/compare/entries.h"
#include "worker/encoder/ring_producer.h"

namespace tributary {

class FreshRows {
 public:
  // `ring` outlives this.
  FreshRows(RingProducer& ring, std::uint32_t assignment) : ring_(ring), assignment_(assignment) {}

  void Add(const DigestedRow& row) {
    AppendRow(entries_, row.key, row.digest);
    ++rows_;
    ++rows_of_page_;
  }
  // Rows of a page that were known before, with AppendPage's entry.
  void AddPage(std::string_view entries, std::uint64_t rows) {
    entries_.append(entries);
    rows_ += rows;
    rows_of_page_ = 0;
    page_is_whole_ = true;
  }
  // As RowJudge's.
  void EndPage(std::string_view digest) {
    if (page_is_whole_ && rows_of_page_ > 0 && !digest.empty()) {
      AppendPage(entries_, rows_of_page_, digest);
    }
    rows_of_page_ = 0;
    page_is_whole_ = true;
  }
  std::uint64_t rows() const { return rows_; }
  std::size_t bytes() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  // Puts them into the ring, in as many frames as needed: all rows before bound `at`.
  void Send(std::string_view at);
  // A frame of another kind.
  void Send(Digests::Kind kind, std::string_view entries = {});

 private:
  // `digests` has the entries.
  void SendFrame(Digests& digests, std::uint64_t rows, std::optional<std::string_view> at);

  RingProducer& ring_;
  const std::uint32_t assignment_;
  std::string entries_;
  std::uint64_t rows_ = 0;
  // Since the page's beginning; false: some of its rows were sent, so they are in another piece.
  std::uint64_t rows_of_page_ = 0;
  bool page_is_whole_ = true;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_FRESH_ROWS_H_
