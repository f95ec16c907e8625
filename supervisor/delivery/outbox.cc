#include "supervisor/delivery/outbox.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "common/limits.h"

namespace tributary {

std::uint64_t Outbox::Put(ItemKind kind, std::string bytes) {
  heap_bytes_->fetch_add(bytes.size(), std::memory_order_relaxed);
  const std::shared_ptr<const std::string> kept(
      new std::string(std::move(bytes)), [count = heap_bytes_](const std::string* text) {
        count->fetch_sub(text->size(), std::memory_order_relaxed);
        delete text;
      });
  return Put(kind, *kept, {}, kept);
}

std::uint64_t Outbox::Put(ItemKind kind, std::string_view bytes, std::string_view compact,
                          Hold hold) {
  put_bytes_ += bytes.size();
  ++put_messages_;
  Item item{++last_position_, kind, bytes, compact, std::move(hold)};
  if (journal_ != nullptr && journal_->given() > last_hurdle_) {
    last_hurdle_ = journal_->given();
    hurdles_.push_back({item.position, last_hurdle_});
  }
  const bool staged = stager_ != nullptr && stager_->Stage(item);
  if (behind() && staged && waiting_.empty()) {
    spilled_to_ = item.position;
  } else {
    waiting_.push_back(std::move(item));
  }
  return last_position_;
}

absl::Status Outbox::Pump(Clock::time_point now) {
  const absl::Status pumped = PumpItems(now);
  writer_.Send();
  return pumped;
}

bool Outbox::MayLeave(std::uint64_t position) {
  while (!hurdles_.empty() && journal_->synced() >= hurdles_.front().number) hurdles_.pop_front();
  return hurdles_.empty() || position < hurdles_.front().position;
}

bool Outbox::HasRoom() {
  if (writer_.pending_bytes() < window_bytes_) return true;
  writer_.Send();
  // The sync is woken when half of its window is free again.
  return !writer_.WantProgress(window_bytes_ / 2);
}

absl::Status Outbox::PumpItems(Clock::time_point now) {
  ConfirmSent();
  if (!hurdles_.empty() && !journal_->failure().ok()) {
    return absl::UnavailableError(journal_->failure().message());
  }
  if (stager_ != nullptr && stager_->failed() && !std::exchange(recovered_, true)) {
    RecoverUnstaged();
  }
  if (behind()) {
    const absl::Status read = ReadBack();
    if (!read.ok()) return read;
    if (behind()) return absl::OkStatus();
  }
  while (!waiting_.empty() && HasRoom()) {
    Item& item = waiting_.front();
    if (!MayLeave(item.position) || !MaySend(item)) return absl::OkStatus();
    HandOver(item.kind, item.position, item.bytes, std::move(item.hold));
    waiting_.pop_front();
  }
  if (waiting_.empty() || !staging()) {
    waiting_since_ = {};
  } else if (waiting_since_ == Clock::time_point{}) {
    waiting_since_ = now;
  } else if (now - waiting_since_ > limits::kSpillAfter) {
    Spill();
  }
  return absl::OkStatus();
}

bool Outbox::MaySend(const Item& item) const {
  if (item.kind != ItemKind::kCheckpoint || !staging()) return true;
  if (stager_->staged_position() >= item.position) return true;
  stager_->WantFlush();
  return false;
}

void Outbox::HandOver(ItemKind kind, std::uint64_t position, std::string_view bytes, Hold hold) {
  handed_over_bytes_ += bytes.size();
  if (kind == ItemKind::kCheckpoint) checkpoints_.push_back({position, handed_over_bytes_});
  writer_.Write(bytes, std::move(hold));
}

void Outbox::ConfirmSent() {
  const std::uint64_t written = written_bytes();
  // If the client is gone, bytes that were lost may count as written; so this is asked first.
  if (writer_.client_gone()) return;
  std::uint64_t sent = 0;
  while (!checkpoints_.empty() && checkpoints_.front().end_byte <= written) {
    sent = checkpoints_.front().position;
    ++written_checkpoints_;
    checkpoints_.pop_front();
  }
  if (sent != 0 && stager_ != nullptr) stager_->ConfirmSent(sent);
}

std::uint64_t Outbox::checkpoints_sent() const {
  const std::uint64_t written = written_bytes();
  return written_checkpoints_ +
         static_cast<std::uint64_t>(
             std::count_if(checkpoints_.begin(), checkpoints_.end(),
                           [written](const Checkpoint& one) { return one.end_byte <= written; }));
}

void Outbox::Spill() {
  assert(stager_ != nullptr);
  ++client_stalls_;
  spilled_from_ = waiting_.front().position;
  spilled_to_ = waiting_.back().position;
  stager_->ReadBackFrom(spilled_from_);
  waiting_.clear();
  waiting_since_ = {};
}

absl::Status Outbox::ReadBack() {
  while (behind() && HasRoom()) {
    if (!MayLeave(spilled_from_)) return absl::OkStatus();
    if (stager_->staged_position() < spilled_from_) {
      // It may have failed since the last look; the items that it gives back come with the next.
      if (stager_->failed()) return recovered_ ? stager_->failure() : absl::OkStatus();
      stager_->WantFlush();
      return absl::OkStatus();
    }
    auto block = stager_->Read(spilled_from_);
    if (!block.ok()) return block.status();
    if (!block->has_value()) return absl::OkStatus();
    const auto kept = std::make_shared<StagedBlock>(**std::move(block));
    for (const StagedItem& item : kept->items) {
      if (item.position != spilled_from_) continue;
      if (!MayLeave(item.position)) break;
      HandOver(item.kind, item.position, item.bytes, kept);
      ++read_back_;
      if (++spilled_from_ > spilled_to_) break;
    }
    stager_->ReadBackFrom(behind() ? spilled_from_ : EpochWriter::kNoReadBack);
  }
  return absl::OkStatus();
}

// Items that were to be read back but were never staged are sent from their own holds. Those before
// them have been handed over.
void Outbox::RecoverUnstaged() {
  std::deque<Item> unstaged = stager_->TakeUnstaged();
  if (!behind()) return;
  const std::uint64_t staged = stager_->staged_position();
  while (!unstaged.empty() && unstaged.front().position < spilled_from_) unstaged.pop_front();
  while (!unstaged.empty() && unstaged.back().position > spilled_to_) unstaged.pop_back();
  while (!unstaged.empty()) {
    waiting_.push_front(std::move(unstaged.back()));
    unstaged.pop_back();
  }
  spilled_to_ = std::min(spilled_to_, staged);
}

}  // namespace tributary
