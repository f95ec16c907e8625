// The bytes of Digests.entries: FORMAT.md. They come back from a disk, sealed by the supervisor,
// but are checked like any other input.
//
// Pure.
#ifndef TRIBUTARY_WORKER_COMPARE_ENTRIES_H_
#define TRIBUTARY_WORKER_COMPARE_ENTRIES_H_

#include <optional>
#include <string>
#include <string_view>

#include "worker/compare/row_digest.h"

namespace tributary {

// A row of the source; in a table without a key, the sum of several rows.
void AppendRow(std::string& entries, std::string_view key, const RowDigest& digest);
// The last `rows` of them, at least one, are the rows of one page of the source (row_judge.h);
// `digest`: kRowDigestBytes bytes.
void AppendPage(std::string& entries, std::uint64_t rows, std::string_view digest);
// An intent to send a row, or to delete the row of a key.
void AppendUpsert(std::string& entries, std::string_view key, const RowDigest& digest);
void AppendDelete(std::string& entries, std::string_view key);

struct Entry {
  std::string_view key;
  // Null for a DELETE.
  const char* digest = nullptr;
  // Not 0: it is no row, but AppendPage's.
  std::uint64_t page_rows = 0;
};

// Removes and returns the next entry; views point into `entries`. Nothing: they do not parse.
std::optional<Entry> TakeRow(std::string_view& entries);
std::optional<Entry> TakeIntent(std::string_view& entries);

// Removes and returns the next field of a key, with its tag; the fields have the order of the key's
// columns. Nothing: it does not parse.
std::optional<std::string_view> TakeField(std::string_view& key);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_ENTRIES_H_
