/* Debian 12's SQLite shows no pages, so a comparison reads what it could have skipped. */
#include "worker/sources/sqlite/amalgamation/page_access.h"

int tributary_copy_page(sqlite3* database, unsigned number, void* bytes, int size) {
  (void)database, (void)number, (void)bytes, (void)size;
  return SQLITE_ERROR;
}
