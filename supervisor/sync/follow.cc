#include "supervisor/sync/follow.h"

#include <algorithm>
#include <cstdint>

namespace tributary {

LogPosition ToLogPosition(const LogPlace& place) {
  return {.commit = place.commit(),
          .final = place.final(),
          .change = place.change(),
          .ordinal = place.ordinal()};
}

LogPlace ToLogPlace(const LogPosition& position) {
  LogPlace place;
  place.set_commit(position.commit);
  place.set_final(position.final);
  place.set_change(position.change);
  place.set_ordinal(position.ordinal);
  return place;
}

FollowedTable ToFollow(const Scheduler& scheduler, std::size_t index) {
  const TableToCopy& table = scheduler.table(index);
  FollowedTable followed;
  followed.set_table(static_cast<std::uint32_t>(index));
  followed.set_revision(scheduler.attempt(index));
  followed.set_schema_name(table.name.schema);
  followed.set_table_name(table.name.table);
  followed.set_access(table.access);
  *followed.mutable_columns() = table.columns;
  for (const auto& [name, number] : table.column_numbers) {
    followed.set_newest_column(std::max(followed.newest_column(), number));
  }
  for (const auto& column : table.columns) {
    const auto number = table.column_numbers.find(column.name());
    followed.add_column_numbers(number == table.column_numbers.end() ? 0 : number->second);
  }
  followed.set_file_number(table.file_number);
  followed.set_selects_new_columns(table.selects_new_columns);
  followed.mutable_not_selected()->Add(table.not_selected.begin(), table.not_selected.end());
  followed.set_live(scheduler.phase(index) == course::Phase::kLive);
  const auto [whole_from, start] = scheduler.log_numbers(index);
  followed.set_whole_from(whole_from);
  if (start != Snapshot()) SetSeen(start, *followed.mutable_start());
  return followed;
}

}  // namespace tributary
