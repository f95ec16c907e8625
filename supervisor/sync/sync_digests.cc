#include "supervisor/sync/sync_digests.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/log.h"

namespace tributary {
namespace {

constexpr std::string_view kPurpose = "tributary digests: an operator's key and the state's";

}  // namespace

SyncDigests::SyncDigests(const SyncWorld& world, const State& returned, std::function<void()> wake)
    : world_(world), wake_(std::move(wake)), key_(returned.digest_key) {
  for (const auto& [name, table] : returned.tables) {
    if (table.generation > 0) returned_.emplace(name, table.generation);
  }
}

void SyncDigests::Open(const std::string& path, const std::string& operator_key) {
  if (std::exchange(opened_, true)) return;
  if (path.empty()) {
    unreadable_ = !returned_.empty();
    return;
  }
  const auto open = [&]() -> absl::Status {
    std::string key = key_;
    if (!operator_key.empty()) {
      auto derived = DeriveBytes(kDigestsOwner, absl::StrCat(operator_key, key_), "", kPurpose,
                                 kDigestKeyBytes);
      if (!derived.ok()) return derived.status();
      key = *std::move(derived);
    }
    auto keeper = DigestKeeper::Open(world_.disk, path, key, wake_);
    if (keeper.ok()) keeper_ = *std::move(keeper);
    return keeper.status();
  };
  absl::Status opened = absl::NotFoundError("digests: there are none on this disk");
  if (!key_.empty() && DigestStore::IsThere(world_.disk, path)) opened = open();
  if (opened.ok()) return;
  if (!returned_.empty()) {
    world_.log.Warning("new digests are made: those that the state names cannot be used",
                       {{log_key::kError, std::string(opened.message())}});
    if (absl::IsPermissionDenied(opened)) {
      warning_ =
          "Changed tables are copied again: the digests on the connector's disk are of another "
          "connection to this database, or of another history of this one. If another connection "
          "reads it, give one of them a `connection_name`, so that each keeps its own.";
    }
  }
  // A new key whenever digests are made new: a state that names older ones does not find them.
  absl::Status made = DigestStore::Remove(world_.disk, path);
  const bool gone = made.ok();
  key_ = world_.random_bytes(kDigestKeyBytes);
  if (made.ok()) made = open();
  if (made.ok()) return;
  keeper_.reset();
  key_.clear();
  unreadable_ = !gone && !returned_.empty();
  world_.log.Warning("no digests are kept, so changed tables are copied again",
                     {{log_key::kError, std::string(made.message())}});
}

std::uint64_t SyncDigests::Returned(const TableName& table) const {
  const auto found = returned_.find(table);
  return found == returned_.end() ? 0 : found->second;
}

bool SyncDigests::HasUnconfirmed(const State& state) {
  if (keeper_ == nullptr) return false;
  return std::any_of(state.tables.begin(), state.tables.end(), [this](const auto& entry) {
    return entry.second.generation > 0 && HasUnconfirmed(entry.first, entry.second.generation);
  });
}

absl::Status SyncDigests::Settle(State& state) {
  if (keeper_ == nullptr || given_up_) return absl::OkStatus();
  const absl::Status synced = keeper_->writer().Sync(limits::kDigestPatience);
  if (synced.ok()) return synced;
  // Messages that were sent, or will be, depend on them.
  if (keeper_->writer().given() > 0) return absl::UnavailableError(synced.message());
  given_up_ = true;
  keeper_->GiveUp();
  for (auto& [name, table] : state.tables) {
    if (table.generation != Returned(name)) table.generation = 0;
  }
  world_.log.Warning("digests are not kept, so changed tables are copied again",
                     {{log_key::kError, std::string(synced.message())}});
  return absl::OkStatus();
}

bool SyncDigests::AtHand(const TableName& table, std::uint64_t generation) {
  const absl::Status there = generation == 0
                                 ? absl::NotFoundError("no digests of its rows were made")
                             : keeper_ == nullptr ? absl::NotFoundError("no digests are kept")
                                                  : keeper_->Check(table, generation);
  if (there.ok()) return true;
  world_.log.Info("a table has changed and is copied again, since it cannot be compared",
                  {{log_key::kTable, absl::StrCat(table.schema, ".", table.table)},
                   {log_key::kError, std::string(there.message())}});
  return false;
}

bool SyncDigests::MayResume(const TableName& table, std::uint64_t generation,
                            const DoneRanges& done) {
  const absl::Status may = keeper_ == nullptr ? absl::NotFoundError("no digests are kept")
                                              : keeper_->MayResume(table, generation, done);
  if (may.ok()) return true;
  world_.log.Info("a copy that was interrupted begins again",
                  {{log_key::kTable, absl::StrCat(table.schema, ".", table.table)},
                   {log_key::kError, std::string(may.message())}});
  return false;
}

bool SyncDigests::HasUnconfirmed(const TableName& table, std::uint64_t generation) {
  return keeper_ != nullptr && keeper_->HasUnconfirmed(table, generation);
}

bool HasComparable(const Catalog& catalog) {
  return std::any_of(catalog.tables().begin(), catalog.tables().end(),
                     [](const CatalogTable& table) {
                       return table.comparison() != CatalogTable::NONE && !table.has_log();
                     });
}

}  // namespace tributary
