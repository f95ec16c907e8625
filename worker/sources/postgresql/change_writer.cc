#include "worker/sources/postgresql/change_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/sources/postgresql/remark_kinds.h"

namespace tributary::postgresql {
namespace {

namespace sdk = fivetran_sdk::v2;
using Form = TupleColumn::Form;

bool Same(const std::vector<TupleColumn>& a, const std::vector<TupleColumn>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].form != b[i].form || a[i].value != b[i].value) return false;
  }
  return true;
}

// Whether a row that was found by this key spells it otherwise.
bool HasOtherKey(const LoggedRelation& relation, const std::vector<TupleColumn>& key,
                 const RowRead& row) {
  const auto& columns = relation.table().shape->keys();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (key[i].form == Form::kBinary && row[columns[i]] != key[i].value) return true;
  }
  return false;
}

}  // namespace

absl::Status ChangeWriter::Write(LoggedRelation& relation, const PgoutputMessage& change) {
  touched_.insert(&relation);
  switch (change.type) {
    case PgoutputMessage::Type::kInsert:
      return Upsert(relation, change, NewKey(relation, change), /*may_lack=*/false);
    case PgoutputMessage::Type::kUpdate:
      return Update(relation, change);
    default:
      // Another row may have got its key before it was deleted.
      return relation.may_share_keys()
                 ? ReadAgain(relation, OldKey(relation, change), /*delete_if_gone=*/true)
                 : Delete(relation, OldKey(relation, change));
  }
}

absl::Status ChangeWriter::Update(LoggedRelation& relation, const PgoutputMessage& change) {
  const Key key = NewKey(relation, change);
  const bool may_lack = relation.table().told.live();
  if (change.old == PgoutputMessage::Old::kNothing) return Upsert(relation, change, key, may_lack);
  const Key old = OldKey(relation, change);
  if (Same(key, old)) return Upsert(relation, change, key, may_lack);
  // The destination has no row with the new key that an UPDATE could change. If a key is checked
  // only at a transaction's end, rows may have exchanged their keys, so both are read again.
  if (change.old == PgoutputMessage::Old::kAll) {
    const absl::Status gone = ReadAgain(relation, old, /*delete_if_gone=*/true);
    return gone.ok() ? ReadAgain(relation, key, /*delete_if_gone=*/true) : gone;
  }
  const absl::Status gone = Delete(relation, old);
  return gone.ok() ? Upsert(relation, change, key, /*may_lack=*/false) : gone;
}

const TupleColumn& ChangeWriter::ValueOf(const PgoutputMessage& change, int place) {
  static const TupleColumn kUnchanged{.form = Form::kUnchanged, .value = {}};
  const auto at = static_cast<std::size_t>(place);
  if (at >= change.new_tuple.size()) return kUnchanged;
  const TupleColumn& value = change.new_tuple[at];
  if (value.form != Form::kUnchanged || change.old != PgoutputMessage::Old::kAll ||
      at >= change.old_tuple.size()) {
    return value;
  }
  return change.old_tuple[at];
}

ChangeWriter::Key ChangeWriter::NewKey(const LoggedRelation& relation,
                                       const PgoutputMessage& change) {
  Key key;
  for (const int place : relation.key_places()) {
    const auto at = static_cast<std::size_t>(place);
    const TupleColumn& value = ValueOf(change, place);
    // A long key that was not changed: the old row's, which is told then.
    const bool in_old = value.form == Form::kUnchanged && at < change.old_tuple.size() &&
                        change.old != PgoutputMessage::Old::kNothing;
    key.push_back(in_old ? change.old_tuple[at] : value);
  }
  return key;
}

ChangeWriter::Key ChangeWriter::OldKey(const LoggedRelation& relation,
                                       const PgoutputMessage& change) {
  Key key;
  for (const int place : relation.key_places()) {
    const auto at = static_cast<std::size_t>(place);
    key.push_back(at < change.old_tuple.size() ? change.old_tuple[at] : TupleColumn());
  }
  return key;
}

absl::Status ChangeWriter::Upsert(LoggedRelation& relation, const PgoutputMessage& change,
                                  const Key& key, bool may_lack) {
  const auto& places = relation.places();
  const auto& keys = relation.table().shape->keys();
  // A key may be stored out of line as well: its value comes with the old row.
  const auto value_of = [&](std::size_t column) -> const TupleColumn& {
    const TupleColumn& value = ValueOf(change, places[column]);
    if (value.form != Form::kUnchanged) [[likely]] {
      return value;
    }
    const auto part = std::find(keys.begin(), keys.end(), column);
    return part == keys.end() ? value : key[static_cast<std::size_t>(part - keys.begin())];
  };
  bool lacks = false;
  for (std::size_t column = 0; column < places.size(); ++column) {
    lacks = lacks || (places[column] >= 0 && value_of(column).form == Form::kUnchanged);
  }
  if (relation.reads_again() || (lacks && !may_lack)) {
    return ReadAgain(relation, key, /*delete_if_gone=*/false);
  }
  BatchWriter& rows = writer_.rows();
  rows.BeginRow(*relation.table().shape, lacks ? sdk::UPDATE : sdk::UPSERT);
  for (std::size_t column = 0; column < places.size(); ++column) {
    if (places[column] < 0) {
      rows.Null(column);
      continue;
    }
    const TupleColumn& value = value_of(column);
    if (value.form == Form::kUnchanged) continue;
    const RowWriter::Result result = relation.rows().WriteLogged(column, value, rows);
    if (result == RowWriter::Result::kWritten) [[likely]] {
      continue;
    }
    if (result == RowWriter::Result::kMissing) {
      rows.DropRow();
      return ReadAgain(relation, key, /*delete_if_gone=*/false);
    }
    return Drop(relation, result);
  }
  EndRow(relation);
  return absl::OkStatus();
}

absl::Status ChangeWriter::ReadAgain(LoggedRelation& relation, const Key& key,
                                     bool delete_if_gone) {
  const auto read = row_again_.Read(relation, key);
  if (!read.ok()) return read.status();
  if (!read->has_value()) return delete_if_gone ? Delete(relation, key) : absl::OkStatus();
  const RowRead& row = **read;
  // Its key is equal and has another spelling, as citext has: for the destination it is another
  // row.
  if (delete_if_gone && HasOtherKey(relation, key, row)) {
    if (const absl::Status gone = Delete(relation, key); !gone.ok()) return gone;
  }
  BatchWriter& rows = writer_.rows();
  rows.BeginRow(*relation.table().shape);
  for (std::size_t column = 0; column < relation.places().size(); ++column) {
    if (row.null(column)) {
      rows.Null(column);
      continue;
    }
    const RowWriter::Result result = relation.rows().WriteCopied(column, row[column], rows);
    if (result != RowWriter::Result::kWritten) return Drop(relation, result);
  }
  EndRow(relation);
  return absl::OkStatus();
}

absl::Status ChangeWriter::Delete(LoggedRelation& relation, const Key& key) {
  BatchWriter& rows = writer_.rows();
  rows.BeginRow(*relation.table().shape, sdk::DELETE);
  const auto& keys = relation.table().shape->keys();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const RowWriter::Result result = relation.rows().WriteLogged(keys[i], key[i], rows);
    if (result == RowWriter::Result::kWritten) continue;
    // Such a row was never sent.
    if (result == RowWriter::Result::kNoKey) {
      rows.DropRow();
      return absl::OkStatus();
    }
    return Drop(relation, result);
  }
  EndRow(relation);
  return absl::OkStatus();
}

absl::Status ChangeWriter::Drop(LoggedRelation& relation, RowWriter::Result why) {
  writer_.rows().DropRow();
  if (why == RowWriter::Result::kTooLarge) {
    LeaveOut(relation);
    return absl::OkStatus();
  }
  if (why == RowWriter::Result::kNoKey) {
    relation.rows().CountLeftOut();
    return absl::OkStatus();
  }
  if (why == RowWriter::Result::kFailed) return relation.rows().failure();
  const FollowedTable& told = relation.table().told;
  return absl::DataLossError(absl::StrCat("follow table ",
                                          Quoted(told.schema_name(), told.table_name()),
                                          ": a value of its key is not in the log"));
}

void ChangeWriter::EndRow(LoggedRelation& relation) {
  const std::uint64_t before = writer_.rows().oversized_rows();
  writer_.rows().EndRow();
  if (writer_.rows().oversized_rows() != before) LeaveOut(relation);
}

void ChangeWriter::TellRemarks() {
  std::map<std::uint32_t, TableRemarks> told;
  for (LoggedRelation* const relation : touched_) {
    for (const RowWriter::Remark& one : relation->rows().TakeRemarks()) {
      ColumnRemark& remark = *told[relation->table().told.table()].add_remarks();
      remark.set_what(RemarkOf(one.what));
      remark.set_column(static_cast<std::uint32_t>(one.column));
      remark.set_values(one.values);
    }
  }
  touched_.clear();
  for (const auto& [table, rows] : std::exchange(left_out_, {})) {
    ColumnRemark& remark = *told[table].add_remarks();
    remark.set_what(ColumnRemark::LEFT_OUT);
    remark.set_values(rows);
  }
  for (auto& [table, remarks] : told) {
    remarks.set_table(table);
    writer_.Remarks(remarks);
  }
}

}  // namespace tributary::postgresql
