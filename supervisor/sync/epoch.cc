#include "supervisor/sync/epoch.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/log.h"
#include "supervisor/sync/staging_key.h"

namespace tributary {
namespace {

constexpr std::size_t kEpochBytes = 8;

}  // namespace

absl::Status Epoch::OpenStaging(const std::string& connection) {
  if (!settings_.staging_key_file.empty()) {
    auto key = ReadStagingKeyFile(settings_.staging_key_file);
    if (!key.ok()) return key.status();
    operator_key_ = *std::move(key);
  }
  auto store = StagingStore::Open({.root = settings_.staging_dir,
                                   .connection = connection,
                                   .limit_bytes = settings_.staging_limit_bytes,
                                   .env = world_.disk});
  if (store.ok()) {
    store_ = *std::move(store);
    return absl::OkStatus();
  }
  if (absl::IsAborted(store.status()) || absl::IsInvalidArgument(store.status())) {
    return store.status();
  }
  Bypass(store.status());
  return absl::OkStatus();
}

void Epoch::KeepOnly(const std::string& epoch) {
  if (store_ == nullptr) return;
  const absl::Status kept = store_->KeepOnly({epoch});
  if (kept.ok()) return;
  Bypass(kept);
  store_.reset();
}

void Epoch::DropStaged() {
  if (store_ != nullptr) store_->KeepOnly({}).IgnoreError();
}

absl::StatusOr<std::unique_ptr<Replay>> Epoch::OpenReplay(const State& state,
                                                          const std::function<bool()>& given_up) {
  if (store_ == nullptr) return absl::NotFoundError("open replay: staging is bypassed");
  return store_->OpenReplay(state.epoch, KeyOf(state), state.position, given_up);
}

void Epoch::Renew(State& state) const {
  state.epoch = absl::BytesToHexString(world_.random_bytes(kEpochBytes));
  state.staging_key = operator_key_.empty() ? world_.random_bytes(kStagingKeyBytes) : "";
  state.position = 0;
}

void Epoch::Begin(const State& state, bool stages) {
  if (stages && store_ != nullptr) {
    auto epoch = store_->Begin(state.epoch, KeyOf(state));
    if (epoch.ok()) {
      stager_ = std::make_unique<Stager>(*std::move(epoch), wake_);
      stager_runs_ = world_.run_stager(*stager_);
    } else {
      Bypass(epoch.status());
    }
  }
  outbox_ =
      std::make_unique<Outbox>(writer_, stager_.get(), state.position, world_.write_window_bytes);
}

void Epoch::BeginUnstaged() { outbox_ = std::make_unique<Outbox>(writer_, nullptr, 0); }

bool Epoch::TakesMore() const {
  return (stager_ == nullptr || !stager_->full()) &&
         outbox_->waiting_heap_bytes() <= limits::kMaxMessageBytes;
}

std::vector<std::string> Epoch::TakeWarnings() {
  if (stager_ != nullptr && stager_->failed() && !std::exchange(stager_failed_, true)) {
    Bypass(stager_->failure());
  }
  return std::exchange(warnings_, {});
}

void Epoch::Bypass(const absl::Status& why) {
  warnings_.push_back(absl::StrCat(
      "This sync goes on without staging on the local disk: ", std::string(why.message()),
      ". If it is interrupted, more is read from the source again."));
  world_.log.Warning("staging is bypassed", {{log_key::kError, std::string(why.message())}});
}

}  // namespace tributary
