// The bytes of Digests.entries: FORMAT.md. They come back from a disk, sealed by the
// supervisor, and are read with care all the same.
//
// Pure.
#ifndef TRIBUTARY_WORKER_COMPARE_ENTRIES_H_
#define TRIBUTARY_WORKER_COMPARE_ENTRIES_H_

#include <optional>
#include <string>
#include <string_view>

#include "worker/compare/row_digest.h"

namespace tributary {

// A row that is there, or one of the rows.
void AppendRow(std::string& entries, std::string_view key, const RowDigest& digest);
// An intent to give out a row, or to delete the row of a key.
void AppendUpsert(std::string& entries, std::string_view key, const RowDigest& digest);
void AppendDelete(std::string& entries, std::string_view key);

struct Entry {
  std::string_view key;
  // Null where it is a DELETE.
  const char* digest = nullptr;
};

// Takes the next one off; views point into `entries`. Nothing: they do not parse.
std::optional<Entry> TakeRow(std::string_view& entries);
std::optional<Entry> TakeIntent(std::string_view& entries);

// The fields of a key, each with its tag, as the key's columns have them in order. Takes
// the next one off. Nothing: it does not parse.
std::optional<std::string_view> TakeField(std::string_view& key);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_COMPARE_ENTRIES_H_
