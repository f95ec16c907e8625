// Digests of the pages that hold a small table's rows. If a table's digest is equal in two
// transactions, so are its rows, whatever was committed to other tables meanwhile: so a comparison
// need not read them. The same rows may be in other pages later (VACUUM does that): then the table
// is compared.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_PAGE_DIGESTS_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_PAGE_DIGESTS_H_

#include <string>

#include "worker/sources/sqlite/pages.h"

namespace tributary::sqlite {

// Within a transaction: 16 hex digits. Empty if the table's pages, overflow pages included, are
// more than limits::kSqliteDigestedBytes, or cannot be read.
std::string PageDigestOf(Pages& pages, const std::string& table);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_PAGE_DIGESTS_H_
