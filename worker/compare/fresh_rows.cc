#include "worker/compare/fresh_rows.h"

#include <utility>

#include "common/limits.h"

namespace tributary {

void FreshRows::Send(std::string_view at) {
  std::string_view rest = entries_;
  for (bool last = false; !last;) {
    std::string_view more = rest;
    std::uint64_t rows = 0;
    while (!more.empty() && rest.size() - more.size() < limits::kDigestFrameBytes) {
      // They were written here, so they parse.
      if (!TakeRow(more).has_value()) break;
      ++rows;
    }
    const std::string_view taken = rest.substr(0, rest.size() - more.size());
    last = more.empty();
    Digests digests;
    digests.set_entries(taken.data(), taken.size());
    digests.set_rows(rows);
    if (last) digests.set_at(at.data(), at.size());
    ring_.Send(FrameType::kDigests, assignment_, digests.SerializeAsString());
    rest = more;
  }
  entries_.clear();
  rows_ = 0;
}

void FreshRows::Send(Digests::Kind kind, std::string_view entries) {
  Digests digests;
  digests.set_kind(kind);
  digests.set_entries(entries.data(), entries.size());
  ring_.Send(FrameType::kDigests, assignment_, digests.SerializeAsString());
}

}  // namespace tributary
