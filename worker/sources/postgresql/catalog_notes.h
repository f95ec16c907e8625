// Why a table is not followed by the log, or has no key, for a Warning. Pure.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CATALOG_NOTES_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CATALOG_NOTES_H_

#include <cstdint>
#include <string>

#include "proto/worker.pb.h"

namespace tributary::postgresql {

// The values are those of CatalogTable.note.
enum class Note : std::uint32_t {
  kNone,
  kView,
  kUnlogged,
  // Partitions that the log lacks, or whose rows it identifies in another way.
  kOtherPartitions,
  kGeneratedKey,
  kNoIdentity,
  // A column whose values the server cannot send in the log's binary form.
  kUnsendableColumn,
  kPublishedInPart,
  kNotPublished,
  kKeyless,
  kKeylessView,
};

// `publication`: the name of the one that is followed.
void AddNotes(const std::string& publication, Catalog& catalog);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CATALOG_NOTES_H_
