// What may be in the destination of one slice, and the rules that follow from it:
//
//   confirmed  the rows as of the state that came back: in the destination for certain.
//   intents    what was given out since, each written to the disk before it left. Any of it
//              may have come to the destination, or none: which, nobody knows.
//
// A row is left out only where it is confirmed and no intent says otherwise of its key. A
// key is deleted that is confirmed or was intended, and is gone. Intents of one key may be
// in any order.
//
// Within a slice these are sets, so no order of keys has to be known here. Pure; keeps
// pointers into what it is given.
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
  // Each false: the entries do not parse. They outlive this. Rows come before intents.
  bool AddRows(std::string_view entries);
  bool AddIntents(std::string_view entries);

  // Whether a row that is there now has to be given out. Each key at most once.
  bool MustSend(std::string_view key, const RowDigest& digest);
  // The keys that MustSend was not asked about: each has to be deleted. Gives none twice.
  void TakeGone(const std::function<void(std::string_view key)>& gone);

  std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    std::string_view key;
    const char* digest = nullptr;
    // Not: an intent has brought it.
    bool confirmed = false;
    // No intent says otherwise.
    bool agreed = true;
    bool seen = false;
  };
  // Null where it is not there.
  Row* Find(std::string_view key);
  Row& FindOrAdd(std::string_view key);
  std::size_t SlotOf(std::string_view key) const;
  void Grow();

  std::vector<Row> rows_;
  // Places in rows_, plus 1; 0: free. A power of two, at most half full.
  std::vector<std::uint32_t> slots_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_KNOWN_ROWS_H_
