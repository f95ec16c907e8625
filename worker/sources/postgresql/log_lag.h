// How far behind the server the reading of its log is, in time.
//
// The log has no clock of its own: what is in it between two commits may be hours or
// nothing, and most of it may be of tables that nobody follows. So the log's end is noted
// with its time now and then, and the age of the oldest end that has not been read yet is
// the lag. What was written before the first note is as old as the commits in it say.
//
// A value; no threads, no clock. Times are microseconds of the server's clock.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_LAG_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_LAG_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "worker/sources/postgresql/pgoutput.h"

namespace tributary::postgresql {

class LogLag {
 public:
  // Notes that are kept; with more, every second one is forgotten.
  static constexpr std::size_t kNotes = 512;

  // The log ends at `end` now.
  void Note(Lsn end, std::int64_t now);
  // A commit of that time was read.
  void Committed(std::int64_t time) { committed_ = time; }
  // With all before `read` read: how old the newest of it is while there is more, and 0
  // where there is not.
  std::int64_t Microseconds(Lsn read, std::int64_t now);

 private:
  struct End {
    Lsn end;
    std::int64_t at;
  };
  std::deque<End> ends_;
  // The first note is still there.
  bool first_ = true;
  // 0: none.
  std::int64_t committed_ = 0;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_LAG_H_
