/* A page of the database `main`, through the cache of its connection. SQLite offers that only as a
 * table (https://sqlite.org/dbpage.html), where a page costs two copies and a statement's run: as
 * much as reading it. So this is compiled together with SQLite, whose pager it calls. */
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_AMALGAMATION_PAGE_ACCESS_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_AMALGAMATION_PAGE_ACCESS_H_

#include <sqlite3.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Copies the first `size` bytes of the page as the open transaction sees it. SQLite's result code;
 * SQLITE_RANGE if the page has fewer, or there is no such page; SQLITE_MISUSE outside a
 * transaction. Numbers begin with 1. */
int tributary_copy_page(sqlite3* database, unsigned number, void* bytes, int size);

#ifdef __cplusplus
}
#endif

#endif /* TRIBUTARY_WORKER_SOURCES_SQLITE_AMALGAMATION_PAGE_ACCESS_H_ */
