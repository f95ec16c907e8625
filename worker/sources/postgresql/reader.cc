#include "worker/sources/postgresql/reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "worker/sources/postgresql/remark_kinds.h"
#include "worker/sources/postgresql/server_error.h"
#include "worker/sources/postgresql/wire.h"
#include "worker/wait.h"

namespace tributary::postgresql {
namespace {

// Of a ctid in binary: its block. An OID has as many.
constexpr std::size_t kBlockBytes = 4;
constexpr std::size_t kPlaceColumns = 2;
// Between looks, where rows come without blocks.
constexpr std::uint64_t kRowsBetweenBeats = 64;
// How long a transaction stays open while the ring is full: it keeps the server from removing dead
// rows, also those of other tables.
constexpr std::chrono::seconds kFullPatience{5};
// How long to wait for transactions that the assignment's whole_from excludes, before another slice
// may have the worker.
constexpr std::chrono::seconds kWholePatience{5};

std::string Doing(const ReadAssignment& assignment) {
  return absl::StrCat("read table ", Quoted(assignment.schema(), assignment.table()));
}

// A lock that is not given in time concerns this table only: other tables do not wait for it.
absl::Status OfTable(absl::Status status) {
  if (SqlStateOf(status) != kLockNotAvailable) return status;
  return absl::DataLossError(absl::StrCat(
      status.message(), "; end the session that has it locked for so long (pg_locks)"));
}

}  // namespace

absl::StatusOr<AssignmentEnd> SliceReader::Read(const ReadAssignment& assignment,
                                                BatchWriter& writer) {
  // Before there is a transaction, other than that of small tables.
  writer.WhileFull([this] { small_tables_.End(); });
  writer.AwaitRoom();
  writer.WhileFull(nullptr);
  // If the gate has refused one of these, it refuses the others, too.
  if (small_tables_.has_more() && writer.PauseWanted(shared_since_)) small_tables_.End();
  if (!small_tables_.has_more()) shared_since_ = writer.assignment();
  Slice slice;
  const auto access = ParseAccess(assignment.access());
  if (!access.ok()) return access.status();
  slice.access = *access;
  if (access->by_blocks()) {
    const auto places = ParsePlaces(assignment.range(), access->by);
    if (!places.ok()) return places.status();
    slice.places = *places;
  }
  SliceView view;
  auto ending = Open(assignment, writer, slice, view);
  if (ending.ok() && *ending == Ending::kDone) {
    auto columns = ColumnsOf(assignment, view);
    if (!columns.ok()) {
      EndTransaction();
      return columns.status();
    }
    if (access->by_keys()) {
      auto keys = KeyRange::Make(assignment, *access, view);
      if (!keys.ok()) {
        session_.End();
        return keys.status();
      }
      slice.keys = *std::move(keys);
    }
    slice.is_small = IsWholeTable(assignment, *access) && view.bytes <= kSmallTableBytes;
    writer.Open(view.opened);
    const bool ends = !slice.is_small || !small_tables_.has_more();
    const std::string sql =
        absl::StrCat(CopySql(assignment, slice, *columns), ends ? "; COMMIT" : "");
    if (ends) small_tables_.Forget();
    // A read without marks within is not cut off: all of it would be sent again, each time.
    const bool goes_on = access->by_keys() || slice.by_blocks();
    if (goes_on && !assignment.may_differ()) writer.WhileFull([this] { WhileFull(); });
    ending = Copy(assignment, sql, *std::move(columns), slice, writer);
    writer.WhileFull(nullptr);
  }
  if (!ending.ok()) return ending.status();
  AssignmentEnd end;
  end.set_outcome(*ending == Ending::kDone ? AssignmentEnd::DONE
                  : writer.PauseWanted()   ? AssignmentEnd::PAUSED
                                           : AssignmentEnd::AGAIN);
  end.set_rows(writer.rows());
  return end;
}

absl::StatusOr<SliceReader::Ending> SliceReader::Open(const ReadAssignment& assignment,
                                                      const BatchWriter& writer, Slice& slice,
                                                      SliceView& view) {
  Patience patience(pulse_, patience_);
  const auto whole_until = std::chrono::steady_clock::now() + kWholePatience;
  // Without a log, the next comparison finds what a crash has undone.
  const bool has_log = assignment.whole_from() > 0;
  int unflushed = 0;
  for (;;) {
    if (has_log && !small_tables_.has_more()) flush_.AskFirst();
    auto looked = TryToOpen(assignment, slice);
    if (looked.ok() && looked->opened.snapshot().all_before() >= assignment.whole_from()) {
      const auto flushed = has_log ? flush_.Await(*looked, unflushed) : absl::StatusOr<bool>(true);
      if (flushed.ok() && *flushed) {
        view = *std::move(looked);
        return Ending::kDone;
      }
      if (flushed.ok()) ++unflushed;
      looked =
          flushed.ok()
              ? absl::UnavailableError(absl::StrCat(Doing(assignment),
                                                    ": what it sees is not on the server's disk "
                                                    "yet; it is tried again"))
              : flushed.status();
    }
    EndTransaction();
    if (!looked.ok() && !absl::IsUnavailable(looked.status())) return looked.status();
    const bool waits = patience.Wait();
    if (writer.PauseWanted()) return Ending::kPaused;
    if (looked.ok() && std::chrono::steady_clock::now() > whole_until) return Ending::kPaused;
    if (!looked.ok() && !waits) return OfTable(looked.status());
  }
}

void SliceReader::EndTransaction() {
  small_tables_.Forget();
  if (session_.open()) session_.End();
}

absl::StatusOr<SliceView> SliceReader::TryToOpen(const ReadAssignment& assignment, Slice& slice) {
  if (auto view = small_tables_.Take(assignment, slice.access)) return *std::move(view);
  if (slice.access.by == Access::By::kLeaves) {
    auto leaves = AskLeaves(session_, slice.access.oid);
    if (!leaves.ok()) return leaves.status();
    slice.leaves = *std::move(leaves);
    slice.within = slice.leaves.Within(slice.places);
  }
  auto looked = LockAndLook(session_, assignment, slice.access, slice.leaves, slice.within, life_);
  // A partition that was dropped between the two queries; whether the table is there, the next try
  // says.
  if (absl::IsNotFound(looked.status()) && !slice.within.empty() &&
      !SqlStateOf(looked.status()).empty()) {
    return absl::UnavailableError(looked.status().message());
  }
  return looked;
}

absl::StatusOr<SliceReader::Columns> SliceReader::ColumnsOf(const ReadAssignment& assignment,
                                                            const SliceView& view) {
  const auto changed = [&assignment](const std::string& name) {
    return absl::NotFoundError(absl::StrCat(Doing(assignment), ", column ", Quoted(name),
                                            ": it was altered or dropped since the catalog was "
                                            "read; the next sync reads the table with it"));
  };
  std::vector<SliceView::Column> found;
  std::vector<std::uint32_t> oids;
  for (const auto& column : assignment.columns()) {
    const auto now = view.columns.find(column.name());
    if (now == view.columns.end()) return changed(column.name());
    found.push_back(now->second);
    oids.push_back(now->second.type);
  }
  const absl::Status learned = types_.Learn(session_, oids);
  if (!learned.ok()) return learned;
  Columns columns;
  for (int at = 0; at < assignment.columns_size(); ++at) {
    const auto& column = assignment.columns(at);
    auto type = types_.Column(found[static_cast<std::size_t>(at)].type,
                              found[static_cast<std::size_t>(at)].typmod);
    if (!type.ok()) return type.status();
    if (!type->IsOf(column)) return changed(column.name());
    absl::StrAppend(&columns.expressions, at == 0 ? "" : ", ",
                    CopyExpression(type->copy_form, Quoted(column.name())));
    columns.are_names = columns.are_names && type->copy_form == CopyForm::kPlain &&
                        !found[static_cast<std::size_t>(at)].generated;
    columns.written.push_back(
        {.name = column.name(), .type = *std::move(type), .key = column.primary_key()});
  }
  return columns;
}

std::string SliceReader::CopySql(const ReadAssignment& assignment, const Slice& slice,
                                 const Columns& columns) {
  const std::string table = Quoted(assignment.schema(), assignment.table());
  if (slice.is_small && columns.are_names) {
    return absl::StrCat("COPY ", table, " (", columns.expressions, ") TO STDOUT (FORMAT binary)");
  }
  std::string select = absl::StrCat("SELECT ", columns.expressions);
  if (slice.access.by_keys()) {
    // Only the key's index gives the rows of a range without reading the whole table.
    return absl::StrCat("SET LOCAL enable_seqscan = off; COPY (", select, " FROM ",
                        slice.access.partitioned() ? "" : "ONLY ", table, " AS t",
                        slice.keys.WhereAndOrder("t"), ") TO STDOUT (FORMAT binary)");
  }
  if (!slice.by_blocks()) {
    const bool alone = slice.is_small || slice.access.by == Access::By::kWhole;
    return absl::StrCat("COPY (", select, alone ? " FROM ONLY " : " FROM ", table,
                        ") TO STDOUT (FORMAT binary)");
  }
  const auto from = [&slice, &select](std::uint32_t leaf, const std::string& name) {
    const Place first = slice.places.from.leaf == leaf ? slice.places.from : Place();
    std::string sql = absl::StrCat(select, ", tableoid, ctid FROM ONLY ", name, " WHERE ctid >= '(",
                                   first.block, ",0)'");
    if (slice.places.to.leaf == leaf) {
      absl::StrAppend(&sql, " AND ctid < '(", slice.places.to.block, ",0)'");
    }
    return sql;
  };
  std::string sql;
  if (slice.access.by == Access::By::kBlocks) {
    sql = from(0, table);
  } else if (slice.within.empty()) {
    sql = absl::StrCat(select, ", tableoid, ctid FROM ", table, " WHERE false");
  } else {
    sql = absl::StrJoin(slice.within, " UNION ALL ", [&from](std::string* out, const Leaf& leaf) {
      absl::StrAppend(out, from(leaf.oid, leaf.name));
    });
  }
  return absl::StrCat("COPY (", sql, ") TO STDOUT (FORMAT binary)");
}

absl::StatusOr<SliceReader::Ending> SliceReader::Copy(const ReadAssignment& assignment,
                                                      const std::string& sql, Columns columns,
                                                      const Slice& slice, BatchWriter& writer) {
  const std::string doing = Doing(assignment);
  const bool by_keys = slice.access.by_keys();
  const bool by_blocks = slice.by_blocks();
  const bool by_leaves = slice.access.by == Access::By::kLeaves;
  const TableShape shape(assignment.schema(), assignment.table(), assignment.columns());
  CopyStream stream(Quoted(assignment.schema(), assignment.table()),
                    columns.written.size() + (by_blocks ? kPlaceColumns : 0));
  RowWriter rows(Quoted(assignment.schema(), assignment.table()), std::move(columns.written));
  shape_ = &shape;
  rows_ = &rows;
  place_ = kNoPlace;
  last_mark_ = assignment.range().from();
  hung_up_ = false;
  absl::Status status = session_.StartCopy(sql, doing);
  std::uint64_t seen = 0;
  std::string_view chunk;
  while (status.ok()) {
    if (hung_up_) {
      session_.Close();
      return Ending::kPaused;
    }
    ring_full_ = {};
    const Session::Next next = session_.NextChunk(chunk);
    if (next == Session::Next::kFailed) status = session_.failure();
    if (next == Session::Next::kEnd) status = stream.Finish();
    if (!status.ok()) break;
    if (next == Session::Next::kEnd) {
      writer.Mark(assignment.range().to(), "", TakeRemarks());
      interruptions_ = 0;
      return Ending::kDone;
    }
    stream.Feed(chunk);
    for (bool more = true; more && status.ok();) {
      switch (stream.Next()) {
        case CopyStream::Event::kRow: {
          const CopyRow& row = stream.row();
          const bool looks = ++seen % kRowsBetweenBeats == 0;
          if (looks) pulse_.Beat();
          if (by_keys && seen > 1 && AtKey(row, slice.keys, looks, writer)) {
            session_.Close();
            return Ending::kPaused;
          }
          if (by_blocks) {
            const auto leaf = row[row.size() - 2];
            const auto block = row[row.size() - 1];
            if (leaf.size() < kBlockBytes || block.size() < kBlockBytes) {
              return absl::DataLossError(doing + ": the place of a row is cut off");
            }
            const Place place{.leaf = by_leaves ? LoadBigEndian<std::uint32_t>(leaf.data()) : 0,
                              .block = LoadBigEndian<std::uint32_t>(block.data())};
            if (AtPlace(place, writer)) {
              // The server ends the COPY with its connection.
              session_.Close();
              return Ending::kPaused;
            }
          }
          status = WriteRow(row, writer);
          break;
        }
        case CopyStream::Event::kRowTooLarge:
          writer.LeaveOutRow();
          break;
        case CopyStream::Event::kBroken:
          status = stream.status();
          break;
        default:
          more = false;
      }
    }
  }
  return Interrupted(assignment, std::move(status));
}

absl::Status SliceReader::WriteRow(const CopyRow& row, BatchWriter& writer) {
  writer.BeginRow(*shape_);
  const RowWriter::Result result = rows_->WriteRow(row, writer);
  if (result == RowWriter::Result::kWritten) [[likely]] {
    writer.EndRow();
    return absl::OkStatus();
  }
  writer.DropRow();
  if (result == RowWriter::Result::kNoKey) {
    rows_->CountLeftOut();
    return absl::OkStatus();
  }
  if (result != RowWriter::Result::kTooLarge) return rows_->failure();
  writer.LeaveOutRow();
  return absl::OkStatus();
}

bool SliceReader::AtPlace(const Place& place, BatchWriter& writer) {
  if (place == place_) [[likely]]
    return false;
  const bool first = place_ == kNoPlace;
  place_ = place;
  if (first) return false;
  const bool pause = writer.PauseWanted();
  if (!pause && !writer.MarkDue()) return false;
  last_mark_ = BoundText(place);
  writer.Mark(last_mark_, "", TakeRemarks());
  return pause;
}

bool SliceReader::AtKey(const CopyRow& row, const KeyRange& keys, bool looks, BatchWriter& writer) {
  const bool pause = looks && writer.PauseWanted();
  if (!pause && !writer.MarkDue()) [[likely]]
    return false;
  auto bound = keys.BoundBefore(row, *rows_);
  if (!bound.has_value()) return false;
  last_mark_ = *std::move(bound);
  writer.Mark(last_mark_, "", TakeRemarks());
  return pause;
}

void SliceReader::WhileFull() {
  ring_full_ += limits::kRingFullAfter;
  if (hung_up_ || ring_full_ < kFullPatience) return;
  hung_up_ = true;
  session_.HangUp();
}

absl::StatusOr<SliceReader::Ending> SliceReader::Interrupted(const ReadAssignment& assignment,
                                                             absl::Status why) {
  // Whatever the server is still sending.
  session_.Close();
  const bool altered = absl::IsNotFound(why) && SqlStateOf(why).empty();
  if (altered) types_.Forget();
  if (!altered && !absl::IsUnavailable(why)) return why;
  const std::string place =
      absl::StrCat(assignment.schema(), "\n", assignment.table(), "\n", last_mark_);
  interruptions_ = place == interrupted_at_ ? interruptions_ + 1 : 1;
  interrupted_at_ = place;
  if (interruptions_ >= kInterruptions) return why;
  return Ending::kPaused;
}

std::vector<ColumnRemark> SliceReader::TakeRemarks() {
  std::vector<ColumnRemark> remarks;
  for (const RowWriter::Remark& one : rows_->TakeRemarks()) {
    ColumnRemark& remark = remarks.emplace_back();
    remark.set_what(RemarkOf(one.what));
    remark.set_column(static_cast<std::uint32_t>(one.column));
    remark.set_values(one.values);
  }
  return remarks;
}

}  // namespace tributary::postgresql
