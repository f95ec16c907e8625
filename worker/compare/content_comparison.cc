#include "worker/compare/content_comparison.h"

#include <algorithm>
#include <string>
#include <utility>

#include "worker/compare/entries.h"

namespace tributary {

ContentComparison::ContentComparison(const CompareAssignment& assignment, RingProducer& ring,
                                     std::uint32_t id)
    : assignment_(assignment), digester_(assignment.read().digest_secret()), fresh_(ring, id) {
  for (std::string_view rows : assignment.rows()) {
    while (!rows.empty() && !unusable_) {
      const auto entry = TakeRow(rows);
      unusable_ = !entry.has_value();
      if (entry.has_value()) known_.Add(entry->digest);
    }
  }
  // No row is sent that could need an intent.
  unusable_ = unusable_ || !assignment.intents().empty();
}

bool ContentComparison::Keep(const TableShape& shape, std::string_view entries) {
  ++rows_read_;
  const auto row = digester_.Digest(shape, entries);
  unusable_ = unusable_ || !row.has_value();
  if (!unusable_) now_.Add(row->digest);
  return false;
}

void ContentComparison::BeforeMark(std::string_view at) {
  // A table whose reading only pauses is read again from its start.
  if (at != assignment_.read().range().to() || std::exchange(told_, true)) return;
  fresh_.Send(unusable_        ? Digests::UNUSABLE
              : now_ == known_ ? Digests::UNCHANGED
                               : Digests::CHANGED);
}

bool IsKeyless(const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns) {
  return std::none_of(columns.begin(), columns.end(),
                      [](const auto& column) { return column.primary_key(); });
}

}  // namespace tributary
