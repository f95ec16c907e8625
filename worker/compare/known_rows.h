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
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "worker/compare/entries.h"

namespace tributary {

class KnownRows {
 public:
  // Both return false if the entries do not parse. The entries outlive this. Add rows before
  // intents.
  bool AddRows(std::string_view entries);
  bool AddIntents(std::string_view entries);

  // Whether a row that the source has now must be sent. Always, if its key was asked about before:
  // the row that was sent or left out then may not be the last one. Fastest in the order in which
  // the rows were added.
  bool MustSend(std::string_view key, const RowDigest& digest);
  // Says that the source has all rows of the page with this digest, as they were confirmed.
  // Nothing: there is no such page, or it was said before. Only without intents.
  struct Page {
    // Of its rows, with AppendPage's.
    std::string_view entries;
    std::uint64_t rows = 0;
  };
  std::optional<Page> SeePage(std::string_view digest);
  // The keys of which neither MustSend nor SeePage has heard: each must be deleted. Reports none
  // twice. False: two rows had one key, as in a damaged index, and one of them is gone; it is not
  // known which of them the destination has.
  bool TakeGone(const std::function<void(std::string_view key)>& gone);

 private:
  struct Row {
    std::string_view key;
    const char* digest = nullptr;
    // Of the key.
    std::uint64_t hash = 0;
    // False: only an intent has it.
    bool confirmed = false;
    // No intent contradicts it.
    bool agreed = true;
    bool seen = false;
  };
  struct KnownPage {
    Page page;
    // Index into rows_.
    std::size_t first = 0;
  };
  // An open-addressed hash table of rows_.
  struct Slot {
    // Of the key's hash: nearly all other keys differ in it.
    std::uint32_t tag = 0;
    // Index into rows_, plus 1; 0: free.
    std::uint32_t place = 0;
  };
  // Null if there is none.
  Row* Find(std::string_view key);
  Row& FindOrAdd(std::string_view key);
  // Where the key is, or where it would be.
  Slot& SlotOf(std::string_view key, std::uint64_t hash);
  // Makes `slots_` find all rows, with room for that many more. Most slices do without it, because
  // rows are asked about in the order in which they were added.
  void Index(std::size_t more = 0);

  std::vector<Row> rows_;
  // The size is a power of two; at most half of it is used.
  std::vector<Slot> slots_;
  // Rows that were put there.
  std::size_t indexed_ = 0;
  // By their digests.
  std::unordered_map<std::string_view, KnownPage> pages_;
  // After the row that was found last.
  std::size_t next_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_KNOWN_ROWS_H_
