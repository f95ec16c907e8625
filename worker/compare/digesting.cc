#include "worker/compare/digesting.h"

#include <utility>

#include "common/limits.h"
#include "worker/compare/content_comparison.h"

namespace tributary {

Digesting::Digesting(const ReadAssignment& read, RingProducer& ring, std::uint32_t assignment)
    : digester_(read.digest_secret()),
      fresh_(ring, assignment),
      tells_intents_(read.tells_intents()),
      keyless_(IsKeyless(read.columns())) {}

bool Digesting::Keep(const TableShape& shape, std::string_view entries) {
  untold_ = tells_intents_;
  if (unusable_) return true;
  const auto row = digester_.Digest(shape, entries);
  // If the source gives no marks, digests pile up here.
  unusable_ = !row.has_value() || fresh_.bytes() > limits::kMaxSliceDigestBytes;
  if (unusable_) return true;
  keyless_ ? sum_.Add(row->digest) : fresh_.Add(*row);
  if (tells_intents_ && !keyless_) AppendUpsert(intents_, row->key, row->digest);
  return true;
}

void Digesting::TellIntents() {
  untold_ = false;
  // Without a digest of each row, the table cannot be compared; see BeforeMark.
  if (unusable_) {
    if (!std::exchange(told_unusable_, true)) fresh_.Send(Digests::UNUSABLE);
    return;
  }
  fresh_.Send(Digests::INTENTS, std::exchange(intents_, {}));
}

void Digesting::BeforeMark(std::string_view at) {
  if (unusable_) {
    if (!std::exchange(told_unusable_, true)) fresh_.Send(Digests::UNUSABLE);
    return;
  }
  if (sum_ != ContentSum()) fresh_.Add({.key = {}, .digest = std::exchange(sum_, {}).digest()});
  // A slice's end may be marked twice.
  if (fresh_.empty() && marked_ == at) return;
  fresh_.Send(at);
  marked_ = std::string(at);
}

}  // namespace tributary
