#include "supervisor/digests/deletions.h"

#include <cstddef>
#include <optional>
#include <utility>

namespace tributary {
namespace {

constexpr std::size_t kPartRecords = 1000;

}  // namespace

bool Deletions::Add(RecordName name) {
  if (status_.ok() && part_.size() >= kPartRecords) {
    writer_.Give(std::exchange(part_, {}), /*urgent=*/false);
    if (!writer_.takes_more()) status_ = writer_.Drain(patience_);
  }
  if (status_.ok()) part_.push_back({std::move(name), std::nullopt});
  return status_.ok();
}

absl::Status Deletions::Finish(bool urgent) {
  if (status_.ok() && !part_.empty()) writer_.Give(std::exchange(part_, {}), urgent);
  return status_;
}

}  // namespace tributary
