#include "worker/compare/comparison.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "worker/compare/spelled_value.h"

namespace tributary {

Comparison::Comparison(const CompareAssignment& assignment, RingProducer& ring, std::uint32_t id,
                       BatchWriter& writer)
    : assignment_(assignment),
      writer_(writer),
      shape_(assignment.read().schema(), assignment.read().table(), assignment.read().columns()),
      digester_(assignment.read().digest_secret()),
      fresh_(ring, id) {
  for (const std::string& rows : assignment.rows()) {
    unusable_ = unusable_ || !known_.AddRows(rows);
  }
  for (const std::string& intents : assignment.intents()) {
    unusable_ = unusable_ || !known_.AddIntents(intents);
  }
}

bool Comparison::Keep(const TableShape& shape, std::string_view entries) {
  ++rows_read_;
  if (unusable_) return false;
  const auto row = digester_.Digest(shape, entries);
  unusable_ = !row.has_value();
  if (unusable_) return false;
  fresh_.Add(*row);
  const bool sends = known_.MustSend(row->key, row->digest);
  if (sends || !assignment_.intents().empty()) {
    if (const auto value = SpelledValue(row->key)) values_.insert(*value);
  }
  if (!sends) return false;
  AppendUpsert(intents_, row->key, row->digest);
  changed_ = page_changed_ = true;
  return true;
}

bool Comparison::SkipPage(std::string_view digest) {
  // What was sent since may be in the destination, so each row is looked at.
  if (unusable_ || !assignment_.intents().empty()) return false;
  const auto page = known_.SeePage(digest);
  if (!page.has_value()) return false;
  fresh_.AddPage(page->entries, page->rows);
  rows_read_ += page->rows;
  ++pages_skipped_;
  page_changed_ = false;
  return true;
}

void Comparison::EndPage(std::string_view digest) {
  fresh_.EndPage(digest);
  if (!std::exchange(page_changed_, false) && !digest.empty()) ++pages_read_in_vain_;
}

void Comparison::TellIntents() {
  fresh_.Send(Digests::INTENTS, intents_);
  intents_.clear();
}

bool Comparison::MarkDue() const {
  return fresh_.rows() >= limits::kMostSliceDigests || fresh_.bytes() >= limits::kSliceDigestBytes;
}

void Comparison::BeforeMark(std::string_view at) {
  if (finished_) return;
  if (unusable_) {
    if (!std::exchange(told_unusable_, true)) fresh_.Send(Digests::UNUSABLE);
    return;
  }
  if (at != assignment_.read().range().to()) {
    // A slice that only pauses is read again from its start.
    if (!MarkDue()) return;
    changed_ = true;
    fresh_.Send(at);
    return;
  }
  finished_ = true;
  DeleteGone();
  // So that the next comparison can pass them.
  changed_ = changed_ || pages_read_in_vain_ > pages_skipped_;
  if (unusable_) {
    told_unusable_ = true;
    fresh_.Send(Digests::UNUSABLE);
  } else if (changed_) {
    fresh_.Send(at);
  } else {
    fresh_.Send(Digests::UNCHANGED);
  }
}

void Comparison::DeleteGone() {
  std::vector<std::string_view> gone;
  unusable_ = !known_.TakeGone([&gone](std::string_view key) { gone.push_back(key); }) || unusable_;
  // A destination could apply such a DELETE to a row that is there.
  unusable_ = unusable_ || std::any_of(gone.begin(), gone.end(), [this](std::string_view key) {
                const auto value = SpelledValue(key);
                return value.has_value() && values_.contains(*value);
              });
  if (unusable_) return;
  for (const std::string_view key : gone) WriteDelete(key);
  writer_.Flush();
}

void Comparison::WriteDelete(std::string_view key) {
  changed_ = true;
  AppendDelete(intents_, key);
  writer_.BeginRow(shape_, fivetran_sdk::v2::DELETE);
  std::string_view rest = key;
  for (const std::size_t column : shape_.keys()) {
    const auto field = TakeField(rest);
    // A key that does not parse was not written by our encoder; its row is not deleted.
    if (!field.has_value()) {
      unusable_ = true;
      break;
    }
    writer_.Field(column, *field);
  }
  unusable_ ? writer_.DropRow() : writer_.EndRow();
}

}  // namespace tributary
