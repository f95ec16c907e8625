// Decides which piece of which table is read next, and tracks each table's copy while it runs.
// Pure: no processes, no clock, no bytes.
//
// A table is cut into slices by a worker, its slices are read by any workers in
// any order, and it is live when all of them are done. Everything known about a table belongs to an
// attempt. When values do not fit, or two slices have read different versions of the source, the
// table starts again, and work of the old attempt that is still under way is stale.
//
// A table that has a log is cut only once its log worker says from where on the log is complete for
// it (Join). It is live only once the log has passed everything that its slices saw (PassLog).
// Which phase an event leads to is in course.h.
//
// The progress itself is in the State, in each table's DoneRanges, so that a
// snapshot of the State is the combined cursor. Marks must be applied in the order of the merged
// stream; then a snapshot never covers rows that are not in it.
//
// Used by the sync's thread only.
#ifndef TRIBUTARY_SUPERVISOR_PLAN_SCHEDULER_H_
#define TRIBUTARY_SUPERVISOR_PLAN_SCHEDULER_H_

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "common/limits.h"
#include "proto/worker.pb.h"
#include "supervisor/checkpoint/state.h"
#include "supervisor/plan/course.h"
#include "supervisor/plan/plan.h"

namespace tributary {

// Read one slice of a table.
struct ReadWork {
  std::size_t table = 0;
  std::uint32_t attempt = 0;
  std::size_t slice = 0;
  BoundRange range;
  std::uint64_t estimated_bytes = 0;
};

// Cut the gaps of these tables.
struct CutWork {
  struct Table {
    std::size_t table = 0;
    std::uint32_t attempt = 0;
    std::vector<BoundRange> ranges;
  };
  std::vector<Table> tables;
};

using Work = std::variant<ReadWork, CutWork>;

class Scheduler {
 public:
  // `state` outlives the scheduler and holds the resumed tables' progress. Tables in `followed`
  // need no copy, but may be told to begin one.
  Scheduler(std::vector<TableToCopy> copies, std::vector<TableToCopy> followed, State& state);
  Scheduler(std::vector<TableToCopy> copies, State& state)
      : Scheduler(std::move(copies), {}, state) {}

  // The work to give to a worker next; empty: wait for the work under way.
  std::optional<Work> Next();

  // Tables whose copy has begun since the last call, with TRUNCATE or without, and the
  // generation of digests that their entries named. Call it after Next, Cut and Join.
  std::vector<std::pair<std::size_t, std::uint64_t>> TakeStarted() {
    return std::exchange(started_, {});
  }
  // The generation of digests that the state names for the table; while it is copied, the one being
  // made.
  void SetGeneration(std::size_t table, std::uint64_t generation) {
    Entry(tables_[table]).generation = generation;
  }
  std::uint64_t generation(std::size_t table) const {
    const auto entry = state_.find(tables_[table].copy.name);
    return entry == state_.end() ? 0 : entry->second.generation;
  }
  // The table is live, but an earlier sync copied a part of it, in which rows may have changed
  // since: its rows are compared with the sent rows in this sync.
  void CompareCopied(std::size_t table);
  // Tables that have to be compared, since the last call.
  std::vector<std::size_t> TakeToCompare() { return std::exchange(to_compare_, {}); }
  // Each row of the table was compared with the sent rows. `content`: what was read; empty: more
  // than one content.
  void FinishComparison(std::size_t table, const std::string& content,
                        const std::string& page_digest, std::uint64_t generation);

  // The source's answer to a cut.
  void Cut(const CutWork& work, const Slices& slices);

  // Whether the results of this read are still wanted.
  bool Stale(const ReadWork& read) const;
  // Whether the answer to this part of a cut is.
  bool Stale(const CutWork::Table& cut) const;

  enum class MarkResult {
    kTaken,
    // The slice reads another content than the table's other slices did. Nothing was changed; the
    // table has to start again.
    kMoved,
    // A bound that is not in the slice; the worker is faulty.
    kBroken,
  };
  // The read's transaction has begun: the content that it reads and, for a table that has a log, a
  // position after everything that it sees. kTaken or kMoved. Called before the read's first row is
  // merged. So all rows of one attempt in the stream are of the content that the state names, even
  // if the read ends before its first mark.
  MarkResult Open(const ReadWork& read, const std::string& content, const LogPosition& bound = {});
  // Tables whose TRUNCATE must come next in the stream, since the last call. Of a table that the
  // state knows, the first slice has opened: until then the destination keeps its rows, since a
  // lock or an old transaction may delay the slice, and a state makes the next sync begin the table
  // again. A table that is new to the state has just begun. Call it after Next, Cut, Join and Open.
  std::vector<std::size_t> TakeToTruncate() { return std::exchange(to_truncate_, {}); }

  // A slice's end may be marked more than once. kTaken or kBroken.
  MarkResult Mark(const ReadWork& read, const std::string& at);

  enum class FinishResult {
    kOpen,
    // All of the table's slices are done.
    kWhole,
    // There was no mark at the slice's end before; the worker is faulty.
    kBroken,
  };
  // The whole slice has been read. `page_digest`: if it is the whole table, as in TableState.
  FinishResult Finish(const ReadWork& read, const std::string& page_digest = {});

  // The work goes back into the queue, after the worker that had it ended or was
  // asked to pause. `culprit`: the worker ended while doing it. True: the slice has ended the
  // maximum of workers, and the table must be put aside. A slice that is marked to its end is
  // finished by this. `last`: after all other work.
  bool GiveBack(const Work& work, bool culprit, bool last = false);

  // All of the slice is marked. Not for a stale read.
  bool IsDone(const ReadWork& read) const {
    return state_.at(tables_[read.table].copy.name).done.finished(read.slice);
  }
  // The worker ended while doing it: what GiveBack says of a culprit. The work stays out.
  bool Died(const ReadWork& read);
  // What was given out of the table after its state has been taken back: its copy goes on.
  void GoOn(std::size_t table);

  // Starts the table again, for kMoved, kWidened or kRestarted. It is read as one slice
  // once its slices' contents differed.
  void Restart(std::size_t table, course::Event why);
  // The table's entry in the state is no longer valid, whether or not its copy begins again.
  void Forget(std::size_t table);
  // How often the source has changed while the table was read.
  int moves(std::size_t table) const { return tables_[table].moves; }
  // Whether its slice must be read in one transaction, even if others wait for it.
  bool in_one_piece(std::size_t table) const {
    return moves(table) >= limits::kMovesBeforeOnePiece;
  }
  // Sends these columns in other types from now on, and restarts a copy that has begun. Returns the
  // changes that it made: it ignores columns that the table does not have, and types that a column
  // already had in this sync. If none is left, nothing is done.
  std::vector<Widening> Widen(std::size_t table,
                              const google::protobuf::RepeatedPtrField<Widening>& columns);
  // According to the log the table has other columns from here on; `columns` are those that are
  // sent.
  const TableToCopy& ChangeColumns(
      std::size_t table,
      const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns,
      const google::protobuf::RepeatedPtrField<ColumnOrigin>& origins = {});
  // Stops reading the table in this sync; the next sync tries again.
  void SetAside(std::size_t table);

  // The log is complete for the table from transaction `whole_from` on, and leaves out changes of
  // transactions that `start` sees. `content`: what its content is now; empty: as the catalog has
  // it. The table has begun, if it had not. False: `attempt` is over.
  bool Join(std::size_t table, std::uint32_t attempt, std::uint64_t whole_from,
            const Snapshot& start, const std::string& content = {});
  // Whether the table is about to be copied over rows that stay in the destination, and has another
  // content now than the catalog had: some of those rows may be gone, and no log tells it. Call it
  // before Join.
  bool JoinsOtherContent(std::size_t table, std::uint32_t attempt,
                         const std::string& content) const;
  // The log's server has crashed and may use numbers of transactions again, so from now on no
  // change is left out. Slices still wait for W: prepared transactions survive a crash.
  void ForgetStarts();
  // The stream has reached `position` of the log. Returns the tables that become live.
  std::vector<std::size_t> PassLog(const LogPosition& position);
  // What its log worker is to go on with: W and start, each without a number if it takes a new one.
  std::pair<std::uint64_t, Snapshot> log_numbers(std::size_t table) const;
  // W of the table; 0 where it has no log.
  std::uint64_t whole_from(std::size_t table) const;
  std::uint32_t attempt(std::size_t table) const { return tables_[table].attempt; }
  course::Phase phase(std::size_t table) const { return tables_[table].phase; }

  const TableToCopy& table(std::size_t index) const { return tables_[index].copy; }
  // No table has to be read any further: each is catching up, live or put aside.
  bool finished() const {
    return In(course::Phase::kPending) + In(course::Phase::kCopying) +
               In(course::Phase::kComparing) ==
           0;
  }
  // The number of tables in each phase.
  std::size_t In(course::Phase phase) const { return in_phase_[static_cast<std::size_t>(phase)]; }
  std::size_t tables() const { return tables_.size(); }

  // Of the slices that the table is cut into now; all of them if nothing is left to read.
  struct SliceCount {
    std::size_t done = 0;
    std::size_t all = 0;
  };
  SliceCount slices(std::size_t table) const;
  // Tables whose phase or slices may have changed since the last call; each once.
  std::vector<std::size_t> TakeChanged();

 private:
  struct Table {
    TableToCopy copy;
    course::Phase phase = course::Phase::kPending;
    // Its slices are in `ready_`.
    bool cut = false;
    // Of a table that has a log: W and start, from Join.
    std::optional<std::pair<std::uint64_t, Snapshot>> joined;
    std::uint32_t attempt = 1;
    // Its first slice has yet to open.
    bool truncate_due = false;
    bool as_one_slice = false;
    // How often the source changed while it was read.
    int moves = 0;
    // Columns with the types that they were widened to. No pair comes twice, so widening ends.
    std::set<std::pair<std::string, int>> widenings;
    std::vector<std::uint8_t> deaths_of_slice;
    // Of the worst slice of earlier attempts; counts for a table that is one slice.
    std::uint8_t earlier_deaths = 0;
    std::uint8_t deaths_of_cut = 0;
    // Among changed_.
    bool changed = false;
  };

  TableState& Entry(const Table& table) { return state_[table.copy.name]; }
  void StartReading(std::size_t table, std::vector<BoundRange> slices,
                    std::vector<std::uint64_t> estimated_bytes);
  void Begin(Table& table, std::size_t index);
  CutWork NextCut();
  // Ends the process if the event cannot happen in the table's phase.
  course::Transition Advance(std::size_t table, course::Event event);
  void Enter(Table& table, course::Phase phase);
  void NoteChange(Table& table);
  static bool IsUncut(const Table& table);
  // Its log worker has not yet said from where on the log is complete for it.
  static bool WaitsForLog(const Table& table) {
    return table.copy.method == Method::kLog && !table.joined.has_value();
  }

  std::map<TableName, TableState>& state_;
  std::vector<Table> tables_;
  // Tables that wait to be cut, in order.
  std::deque<std::size_t> uncut_;
  std::deque<ReadWork> ready_;
  std::vector<std::size_t> to_truncate_;
  std::vector<std::pair<std::size_t, std::uint64_t>> started_;
  std::vector<std::size_t> to_compare_;
  std::size_t cuts_under_way_ = 0;
  // Tables that catch up with the log.
  std::vector<std::size_t> catching_up_;
  std::array<std::size_t, 6> in_phase_{};
  std::vector<std::size_t> changed_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_PLAN_SCHEDULER_H_
