// What the destination may have of one slice, and the rules that follow from it:
//
//   confirmed  the rows as of the state that came back: certainly in the destination.
//   intents    the records that were sent since, each written to the disk before it was sent. Each
//              of them may have reached the destination or not; it is not known which.
//
// A row is not sent only if it is confirmed and no intent contradicts it. A key is deleted if it
// was confirmed or intended and the source no longer has it. Intents of one key may be in any
// order.
//
// Within a slice these are sets, so no order of keys is needed here. Pure; keeps pointers into its
// arguments.
#ifndef TRIBUTARY_WORKER_COMPARE_KNOWN_ROWS_H_
#define TRIBUTARY_WORKER_COMPARE_KNOWN_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "worker/compare/entries.h"

namespace tributary {

class KnownRows {
 public:
  // Both return false if the entries do not parse. The entries outlive this. Add rows before
  // intents.
  bool AddRows(std::string_view entries);
  bool AddIntents(std::string_view entries);

  // Whether a row that the source has now must be sent. To be asked at most once for each key.
  bool MustSend(std::string_view key, const RowDigest& digest);
  // The keys that MustSend was not asked about: each must be deleted. Reports none twice.
  void TakeGone(const std::function<void(std::string_view key)>& gone);

  std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    std::string_view key;
    const char* digest = nullptr;
    // False: only an intent has it.
    bool confirmed = false;
    // No intent contradicts it.
    bool agreed = true;
    bool seen = false;
  };
  // Null if there is none.
  Row* Find(std::string_view key);
  Row& FindOrAdd(std::string_view key);
  std::size_t SlotOf(std::string_view key) const;
  void Grow();

  std::vector<Row> rows_;
  // Indexes into rows_, plus 1; 0: free. The size is a power of two; at most half of it is used.
  std::vector<std::uint32_t> slots_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_KNOWN_ROWS_H_
