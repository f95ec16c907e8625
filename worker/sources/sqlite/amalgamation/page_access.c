/* SQLite, and a function that needs what only its own code sees. */
#include "sqlite3.c"

#include "worker/sources/sqlite/amalgamation/page_access.h"

int tributary_copy_page(sqlite3* database, unsigned number, void* bytes, int size) {
  int code = SQLITE_MISUSE;
  Btree* tree;
  sqlite3_mutex_enter(database->mutex);
  tree = database->aDb[0].pBt;
  sqlite3BtreeEnter(tree);
  if (sqlite3BtreeTxnState(tree) != SQLITE_TXN_NONE) {
    DbPage* page = 0;
    code = SQLITE_RANGE;
    if (number >= 1 && number <= sqlite3BtreeLastPage(tree) &&
        size <= sqlite3BtreeGetPageSize(tree)) {
      code = sqlite3PagerGet(sqlite3BtreePager(tree), number, &page, 0);
    }
    if (code == SQLITE_OK) memcpy(bytes, sqlite3PagerGetData(page), size);
    sqlite3PagerUnref(page);
  }
  sqlite3BtreeLeave(tree);
  sqlite3_mutex_leave(database->mutex);
  return code;
}
